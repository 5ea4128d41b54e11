<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

use Throwable;

/**
 * Answers the page's script at admin-ajax.php, which also works where the REST API is closed or moved. The answer is one JSON object
 * that begins with `{"wcr":`, so that the script finds it behind what others print.
 */
final class AjaxController {

	public const ACTION = 'wcr_page';

	public function register(): void {
		add_action( 'wp_ajax_' . self::ACTION, array( $this, 'answer' ), 0 );
	}

	/** Answers the request and ends it. */
	public function answer(): void {
		try {
			self::refuse_unless_allowed();
			$data = self::calls()->answer( self::posted( 'call' ), new Input( (array) json_decode( self::posted( 'input' ), true ) ) );
			self::send( 200, array( 'data' => $data ) );
		} catch ( Problem $problem ) {
			self::send( $problem->status(), array( 'error' => $problem->describe() ) );
		} catch ( Throwable $error ) {
			// For the server's log only: a message may name files.
			error_log( 'wp-clone-restore: ' . $error->getMessage() ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
			$problem = new Problem( 'page.failed', __( 'Something went wrong in the plugin.', 'wp-clone-restore' ), 500, __( 'See the PHP error log of the site.', 'wp-clone-restore' ) );
			self::send( 500, array( 'error' => $problem->describe() ) );
		}
	}

	public static function calls(): PageCalls {
		return new PageCalls(
			Site::current(),
			static function ( Connection $connection ): Service {
				return new ServiceClient( $connection );
			}
		);
	}

	private static function refuse_unless_allowed(): void {
		if ( ! check_ajax_referer( self::ACTION, 'nonce', false ) ) {
			throw new Problem( 'page.nonce_invalid', __( 'This page is too old. Reload it and try again.', 'wp-clone-restore' ), 403 );
		}
		if ( ! current_user_can( Site::capability() ) ) {
			throw new Problem( 'page.not_allowed', __( 'Sorry, you are not allowed to do that.', 'wp-clone-restore' ), 403 );
		}
		if ( Site::is_clone() ) {
			throw new Problem( 'page.in_clone', __( 'This is a clone. Clone and restore from the page of the live site.', 'wp-clone-restore' ), 409 );
		}
	}

	private static function posted( string $name ): string {
		$value = $_POST[ $name ] ?? ''; // phpcs:ignore WordPress.Security -- the nonce was checked; Input looks at each piece.
		return is_string( $value ) ? wp_unslash( $value ) : '';
	}

	/**
	 * @param array<string, mixed> $answer `data` or `error`.
	 */
	private static function send( int $status, array $answer ): void {
		while ( ob_get_level() > 0 && ob_end_clean() ) {
			continue;
		}
		if ( ! headers_sent() ) {
			nocache_headers();
			status_header( $status );
			header( 'Content-Type: application/json; charset=utf-8' );
			header( 'X-Content-Type-Options: nosniff' );
		}
		echo wp_json_encode( array( 'wcr' => 1 ) + $answer );
		exit;
	}
}
