<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

use WpCloneRestore\Agent\PairingKeyStore;

/**
 * Settings → Clone & Restore: the pairing key.
 */
final class SettingsPage {

	public const SLUG    = 'wp-clone-restore';
	private const ROTATE = 'wcr_rotate_key';

	public function register(): void {
		add_action( 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'admin_post_' . self::ROTATE, array( $this, 'rotate' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( WCR_PLUGIN_FILE ), array( $this, 'add_link' ) );
	}

	public function add_page(): void {
		$title = __( 'Clone & Restore', 'wp-clone-restore' );
		add_options_page( $title, $title, Site::capability(), self::SLUG, array( $this, 'render' ) );
	}

	/**
	 * @param array<int|string, string> $links Links below the plugin's name.
	 * @return array<int|string, string>
	 */
	public function add_link( array $links ): array {
		$link  = '<a href="%s">%s</a>';
		$added = array(
			'tools'    => sprintf( $link, esc_url( ToolsPage::url() ), esc_html__( 'Clone this site', 'wp-clone-restore' ) ),
			'settings' => sprintf( $link, esc_url( self::url() ), esc_html__( 'Settings', 'wp-clone-restore' ) ),
		);
		return array_merge( $added, $links );
	}

	/** Makes a new key and comes back. */
	public function rotate(): void {
		if ( ! current_user_can( Site::capability() ) ) {
			wp_die( esc_html__( 'Sorry, you are not allowed to do that.', 'wp-clone-restore' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( self::ROTATE );
		PairingKeyStore::rotate( time() );
		wp_safe_redirect( self::url() . '&rotated=1' );
		exit;
	}

	public function render(): void {
		if ( ! current_user_can( Site::capability() ) ) {
			return;
		}
		$key = PairingKeyStore::ensure()->current();
		nocache_headers();
		require dirname( __DIR__, 2 ) . '/views/settings.php';
	}

	private static function url(): string {
		return admin_url( 'options-general.php?page=' . self::SLUG );
	}
}
