<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * Tools → Clone & Restore: from this site to a clone, and from the clone back to this site.
 */
final class ToolsPage {

	public const SLUG = 'wp-clone-restore-tools';

	/** In the order in which they need each other. */
	private const SCRIPTS = array( 'dom', 'format', 'ask', 'steps', 'progress', 'preview', 'restore', 'clones', 'history', 'page' );

	/**
	 * Name by which WordPress knows the page.
	 *
	 * @var string
	 */
	private $hook = '';

	public function register(): void {
		add_action( 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'enqueue' ) );
	}

	public function add_page(): void {
		$title      = __( 'Clone & Restore', 'wp-clone-restore' );
		$this->hook = (string) add_management_page( $title, $title, Site::capability(), self::SLUG, array( $this, 'render' ) );
	}

	/**
	 * @param string $hook Name of the page that is shown.
	 */
	public function enqueue( $hook ): void {
		if ( '' === $this->hook || $hook !== $this->hook ) {
			return;
		}
		wp_enqueue_style( 'wcr-page', plugins_url( 'assets/page.css', WCR_PLUGIN_FILE ), array(), WCR_VERSION );
		wp_enqueue_style( 'wcr-parts', plugins_url( 'assets/parts.css', WCR_PLUGIN_FILE ), array( 'wcr-page' ), WCR_VERSION );
		if ( Site::is_clone() ) {
			return;
		}
		$needs = array( 'wp-i18n', 'wp-a11y' );
		foreach ( self::SCRIPTS as $name ) {
			$handle = 'wcr-' . $name;
			wp_enqueue_script( $handle, plugins_url( "assets/$name.js", WCR_PLUGIN_FILE ), $needs, WCR_VERSION, true );
			wp_set_script_translations( $handle, 'wp-clone-restore' );
			$needs = array( $handle );
		}
		wp_add_inline_script( 'wcr-dom', 'window.wcrSettings = ' . wp_json_encode( self::settings(), JSON_HEX_TAG | JSON_HEX_AMP ) . ';', 'before' );
	}

	public function render(): void {
		if ( ! current_user_can( Site::capability() ) ) {
			return;
		}
		nocache_headers();
		if ( Site::is_clone() ) {
			require dirname( __DIR__, 2 ) . '/views/clone.php';
			return;
		}
		$site       = Site::current();
		$connection = ConnectionStore::load();
		$is_local   = ServiceAddress::is_local( $site->host() );
		require dirname( __DIR__, 2 ) . '/views/tools.php';
	}

	public static function url(): string {
		return admin_url( 'tools.php?page=' . self::SLUG );
	}

	/**
	 * What the script must know. Never the key.
	 *
	 * @return array<string, mixed>
	 */
	private static function settings(): array {
		$connection = ConnectionStore::load();
		return array(
			'ajaxUrl'     => admin_url( 'admin-ajax.php', 'relative' ),
			'action'      => AjaxController::ACTION,
			'nonce'       => wp_create_nonce( AjaxController::ACTION ),
			'loginUrl'    => admin_url( 'admin-post.php', 'relative' ),
			'loginAction' => LoginController::ACTION,
			'loginNonce'  => wp_create_nonce( LoginController::ACTION ),
			'connection'  => null === $connection ? null : $connection->describe(),
			'host'        => Site::current()->host(),
			'locale'      => str_replace( '_', '-', get_user_locale() ),
		);
	}
}
