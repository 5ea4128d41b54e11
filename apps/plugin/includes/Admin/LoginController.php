<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * Leads to a clone with a fresh login link. A form of the page posts here, into a new tab: so no script holds the link, and no
 * popup blocker minds.
 */
final class LoginController {

	public const ACTION = 'wcr_log_in_to_clone';

	public function register(): void {
		add_action( 'admin_post_' . self::ACTION, array( $this, 'answer' ) );
	}

	/** Answers the request and ends it. */
	public function answer(): void {
		check_admin_referer( self::ACTION );
		if ( ! current_user_can( Site::capability() ) || Site::is_clone() ) {
			wp_die( esc_html__( 'Sorry, you are not allowed to do that.', 'wp-clone-restore' ), '', array( 'response' => 403 ) );
		}
		$clone = $_POST['clone'] ?? ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- Input looks at it.
		try {
			$calls = new CloneCalls( AjaxController::calls()->service(), Site::current() );
			$link  = $calls->login_link( new Input( array( 'cloneId' => $clone ) ) );
		} catch ( Problem $problem ) {
			self::refuse( $problem );
			return;
		}
		nocache_headers();
		header( 'Referrer-Policy: no-referrer' );
		// Clones are at another host than this site.
		wp_redirect( $link, 303 ); // phpcs:ignore WordPress.Security.SafeRedirect
		exit;
	}

	private static function refuse( Problem $problem ): void {
		$error = $problem->describe();
		wp_die(
			'<p>' . esc_html( $error['message'] ) . '</p><p>' . esc_html( $error['hint'] ) . '</p>',
			esc_html__( 'Log in to the clone', 'wp-clone-restore' ),
			array(
				'response'  => (int) $problem->status(),
				'back_link' => true,
			)
		);
	}
}
