<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * What somebody who sits in wp-admin can do about a failure. The service's own hints are for callers of its API.
 */
final class Advice {

	/**
	 * Puts our words in place of the service's, where we have any.
	 *
	 * @param array<string, mixed> $error `code`, `message` and `hint` of the service; others are dropped.
	 * @return array{code: string, message: string, hint: string}
	 */
	public static function explain( array $error ): array {
		$code = self::text( $error['code'] ?? '' );
		$hint = self::for_code( $code );
		return array(
			'code'    => $code,
			'message' => self::text( $error['message'] ?? '' ),
			'hint'    => '' === $hint ? self::text( $error['hint'] ?? '' ) : $hint,
		);
	}

	/** Empty where the service's hint says enough. */
	public static function for_code( string $code ): string {
		switch ( preg_replace( '/^(source|target)\./', 'site.', $code ) ) {
			case 'site.unreachable':
			case 'site.address_refused':
				return __( 'The clone service must be able to open this site. A site on your own computer, behind a VPN or in a local network can only be cloned by a service in the same network: ask the person who runs your service to allow this address, or clone the public site.', 'wp-clone-restore' );
			case 'site.http_auth_required':
				return __( 'A password protects the whole site. Let the clone service through, or take the protection off while the clone is made.', 'wp-clone-restore' );
			case 'site.agent_blocked':
				return __( 'A firewall or security plugin keeps the clone service out. Allow requests with the header X-Wcr-Operation, then try again.', 'wp-clone-restore' );
			case 'site.pairing_rejected':
				return __( 'Reload this page and try again. If it stays, another site may answer at this address: compare the site address under Settings → General.', 'wp-clone-restore' );
			case 'site.agent_outdated':
				return __( 'Update the plugin Clone & Restore, then try again.', 'wp-clone-restore' );
			case 'site.redirected':
				return __( 'The site address under Settings → General leads to another host. Correct it there, then try again.', 'wp-clone-restore' );
			default:
				return self::for_service( $code );
		}
	}

	private static function for_service( string $code ): string {
		switch ( $code ) {
			case 'auth.invalid':
			case 'auth.missing':
			case 'auth.expired':
				return __( 'Connect with a key that is valid: copy it again, or ask the person who runs your clone service for one.', 'wp-clone-restore' );
			case 'auth.forbidden':
				return __( 'Ask the person who runs your clone service for a key that may do this.', 'wp-clone-restore' );
			case 'quota.exceeded':
			case 'quota.key_exceeded':
				return __( 'Delete a clone you no longer need, or wait until one expires.', 'wp-clone-restore' );
			case 'queue.unavailable':
			case 'internal.unexpected':
				return __( 'Nothing was lost. Try again in a moment.', 'wp-clone-restore' );
			case 'restore.target_changed':
				return __( 'Nothing was written. Preview the restore to see what would be lost, then decide whether to overwrite it.', 'wp-clone-restore' );
			case 'clone.not_found':
			case 'clone.ended':
				return __( 'Make a new clone.', 'wp-clone-restore' );
			case 'clone.login_links_unsupported':
				return __( 'Make a new clone to log in with one click.', 'wp-clone-restore' );
			default:
				return '';
		}
	}

	/**
	 * @param mixed $value Value of the service.
	 */
	private static function text( $value ): string {
		return is_string( $value ) ? $value : '';
	}
}
