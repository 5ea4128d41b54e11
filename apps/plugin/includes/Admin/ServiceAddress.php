<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * The address of a clone service as an administrator types it.
 */
final class ServiceAddress {

	private const LOCAL_NAMES = '/^(localhost|[a-z0-9-]+|.+\.(localhost|local|lan|internal|intranet|home\.arpa|test))$/D';

	/**
	 * The one spelling of the address, without a slash at its end. The key goes to it with every call, so it must be encrypted on
	 * its way: plain http is for addresses of this machine and of local networks only.
	 *
	 * @throws Problem `page.address_invalid`, `page.address_unencrypted`
	 */
	public static function normalise( string $typed ): string {
		$parts  = parse_url( trim( $typed ) );
		$scheme = strtolower( $parts['scheme'] ?? '' );
		$host   = strtolower( $parts['host'] ?? '' );
		$odd    = false === $parts || isset( $parts['user'] ) || isset( $parts['query'] ) || isset( $parts['fragment'] );
		if ( $odd || '' === $host || ! in_array( $scheme, array( 'http', 'https' ), true ) || preg_match( '/[^a-z0-9.:\[\]-]/', $host ) ) {
			throw new Problem( 'page.address_invalid', __( 'This is not the address of a service. It begins with https://, for example https://clones.example.com.', 'wp-clone-restore' ) );
		}
		if ( 'http' === $scheme && ! self::is_local( $host ) ) {
			throw new Problem( 'page.address_unencrypted', __( 'This address is not encrypted: your key could be read on its way. Use the address that begins with https://.', 'wp-clone-restore' ) );
		}
		return $scheme . '://' . $host . ( isset( $parts['port'] ) ? ':' . $parts['port'] : '' ) . rtrim( $parts['path'] ?? '', '/' );
	}

	/** Whether a host is of this machine or a local network, by its looks. */
	public static function is_local( string $host ): bool {
		$address = trim( $host, '[]' );
		if ( false === filter_var( $address, FILTER_VALIDATE_IP ) ) {
			return 1 === preg_match( self::LOCAL_NAMES, $host );
		}
		return false === filter_var( $address, FILTER_VALIDATE_IP, FILTER_FLAG_NO_PRIV_RANGE | FILTER_FLAG_NO_RES_RANGE );
	}
}
