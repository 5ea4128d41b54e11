<?php

declare(strict_types=1);

namespace WpCloneRestore;

use WpCloneRestore\Admin\AjaxController;
use WpCloneRestore\Admin\LoginController;
use WpCloneRestore\Admin\SettingsPage;
use WpCloneRestore\Admin\ToolsPage;
use WpCloneRestore\Support\OwnOptions;
use WpCloneRestore\Support\Requirements;
use WpCloneRestore\Transport\Door;
use WpCloneRestore\Transport\MuLoader;

/**
 * The plugin as WordPress sees it.
 */
final class Plugin {

	/**
	 * @var Plugin|null
	 */
	private static $instance;

	public static function instance(): self {
		if ( null === self::$instance ) {
			self::$instance = new self();
		}
		return self::$instance;
	}

	/** Hooks everything in; called once, while plugins are being loaded. */
	public function register(): void {
		register_activation_hook( WCR_PLUGIN_FILE, array( $this, 'activate' ) );
		register_deactivation_hook( WCR_PLUGIN_FILE, array( $this, 'deactivate' ) );
		Door::register();
		add_action( 'admin_init', array( $this, 'upgrade' ) );
		if ( is_admin() ) {
			( new SettingsPage() )->register();
			( new ToolsPage() )->register();
			( new AjaxController() )->register();
			( new LoginController() )->register();
		}
	}

	/** Makes the pairing key and opens the early door. */
	public function activate(): void {
		Requirements::refuse_unless_met();
		Agent\PairingKeyStore::ensure();
		// Here, where no two calls can choose different ones.
		( new Agent\WordPressEnvironment() )->work_path();
		MuLoader::install();
		OwnOptions::set( 'version', WCR_VERSION );
	}

	/** After an update nothing activates the plugin again. */
	public function upgrade(): void {
		if ( OwnOptions::get( 'version' ) !== WCR_VERSION ) {
			$this->activate();
		}
	}

	public function deactivate(): void {
		MuLoader::remove();
	}

	private function __construct() {}
}
