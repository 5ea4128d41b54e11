<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Support\Database;
use WpCloneRestore\Support\DatabaseAddress;
use WpCloneRestore\Support\OwnOptions;
use WpCloneRestore\Support\WorkFolder;

/**
 * A running WordPress; also early, before plugins and themes are loaded.
 */
final class WordPressEnvironment implements Environment {

	/**
	 * @var Database|null
	 */
	private $database;

	/**
	 * @var string|null
	 */
	private $work_path;

	public function database(): Database {
		if ( null === $this->database ) {
			if ( ! defined( 'DB_HOST' ) || ! defined( 'DB_NAME' ) || ( defined( 'DB_ENGINE' ) && 'sqlite' === constant( 'DB_ENGINE' ) ) ) {
				throw new AgentError( 'source.database_unsupported', 'The site does not use MySQL or MariaDB.', false, array( 'reason' => 'not MySQL or MariaDB' ) );
			}
			$flags          = defined( 'MYSQL_CLIENT_FLAGS' ) ? (int) constant( 'MYSQL_CLIENT_FLAGS' ) : 0;
			$this->database = new Database( new DatabaseAddress( (string) DB_HOST, (string) DB_USER, (string) DB_PASSWORD, (string) DB_NAME, $flags ) );
		}
		return $this->database;
	}

	public function prefix(): string {
		return (string) $GLOBALS['wpdb']->base_prefix;
	}

	public function root(): string {
		return self::folder( ABSPATH );
	}

	public function content_dir(): string {
		return self::folder( WP_CONTENT_DIR );
	}

	public function plugins_dir(): string {
		return self::folder( WP_PLUGIN_DIR );
	}

	public function mu_plugins_dir(): string {
		return self::folder( WPMU_PLUGIN_DIR );
	}

	public function uploads_dir(): string {
		return self::folder( (string) wp_upload_dir( null, false )['basedir'] );
	}

	public function work_dir(): string {
		return WorkFolder::ensure( $this->work_path() );
	}

	public function work_path(): string {
		if ( null === $this->work_path ) {
			$this->work_path = defined( 'WCR_WORK_DIR' ) ? self::folder( (string) constant( 'WCR_WORK_DIR' ) ) : self::own_work_path();
		}
		return $this->work_path;
	}

	/** Its name cannot be guessed, for hosts that do not read .htaccess files. */
	private static function own_work_path(): string {
		$suffix = OwnOptions::get( 'work_suffix' ) ?? '';
		if ( ! preg_match( '/^[0-9a-f]{16}$/D', $suffix ) ) {
			$suffix = bin2hex( random_bytes( 8 ) );
			OwnOptions::set( 'work_suffix', $suffix );
		}
		return self::folder( WP_CONTENT_DIR ) . WorkFolder::NAME_PREFIX . $suffix . '/';
	}

	public function is_standalone(): bool {
		return false;
	}

	public function home_url(): string {
		return rtrim( (string) get_option( 'home' ), '/' );
	}

	public function keys(): PairingKeys {
		return PairingKeyStore::load();
	}

	private static function folder( string $path ): string {
		return rtrim( str_replace( '\\', '/', $path ), '/' ) . '/';
	}
}
