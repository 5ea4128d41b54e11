<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Finds out by trying whether a target can take a session, before anything of the site is touched.
 */
final class Preflight {

	private const MAX_REQUEST_BYTES = 8388608;
	private const MIN_REQUEST_BYTES = 262144;
	/** Room the site needs to go on working. */
	private const SPARE_BYTES = 16777216;

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * @param int $file_bytes Size of the files that will come.
	 * @throws AgentError Codes `target.disk_full`, `target.not_writable`, `target.rights_missing`, `target.database_failed`.
	 */
	public function check( int $file_bytes ): void {
		$this->check_disk( $file_bytes );
		$this->check_folders();
		$this->check_database();
	}

	/**
	 * Tries to write into folders that a restore will change, before anything is staged for them. For one that is not there, the folder
	 * counts in which it will be made.
	 *
	 * @param array<int, mixed> $wire_paths Base64url each.
	 * @throws AgentError Codes `agent.path_refused`, `target.not_writable`, `target.disk_full`.
	 */
	public function check_writes( array $wire_paths ): void {
		$guard   = new PathGuard( $this->session->root(), $this->session->work_dir() );
		$checked = array();
		foreach ( $wire_paths as $wire ) {
			$path = $guard->decode( $wire );
			$guard->check_parents( $guard->root(), $path . '/.' );
			$folder = $guard->root() . '/' . $path;
			while ( ! is_dir( $folder ) ) {
				$folder = dirname( $folder );
			}
			if ( isset( $checked[ $folder ] ) ) {
				continue;
			}
			$checked[ $folder ] = true;
			$this->check_folder( $folder, $path );
		}
	}

	private function check_folder( string $folder, string $path ): void {
		$probe = $folder . '/.wcr-probe-' . $this->session->id();
		error_clear_last();
		if ( 0 !== @file_put_contents( $probe, '' ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
			throw DiskError::not_writable( $path );
		}
		FileTree::remove( $probe );
	}

	/** Most bytes of a request this host takes; a request is in memory in several forms at once. */
	public static function max_request_bytes(): int {
		$limits = array( self::MAX_REQUEST_BYTES );
		$post   = self::ini_bytes( 'post_max_size' );
		$memory = self::ini_bytes( 'memory_limit' );
		if ( $post > 0 ) {
			$limits[] = (int) ( 0.9 * $post );
		}
		if ( $memory > 0 ) {
			$limits[] = max( self::MIN_REQUEST_BYTES, intdiv( $memory, 6 ) );
		}
		return min( $limits );
	}

	private function check_disk( int $file_bytes ): void {
		$free = function_exists( 'disk_free_space' ) ? @disk_free_space( $this->session->root() ) : false; // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false !== $free && $free < $file_bytes + self::SPARE_BYTES ) {
			throw new AgentError(
				'target.disk_full',
				'Not enough room for the files.',
				false,
				array( 'reason' => sprintf( '%d bytes are free, %d are needed', $free, $file_bytes + self::SPARE_BYTES ) )
			);
		}
	}

	/** A merge moves files between the work folder and the site, which must be one step: both on one file system. */
	private function check_folders(): void {
		$probe = $this->session->dir() . 'probe';
		$goal  = $this->session->root() . '.wcr-probe-' . $this->session->id();
		DurableFile::write( $probe, 'probe' );
		if ( $this->session->is_merge() && @lstat( $this->session->dir() )['dev'] !== @lstat( $this->session->root() )['dev'] ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors
			FileTree::remove( $probe );
			throw new AgentError( 'target.not_writable', 'The work folder is on another file system than the site.', false, array( 'path' => $this->session->dir() ) );
		}
		try {
			FileTree::move( $probe, $goal );
		} finally {
			FileTree::remove( $probe );
			FileTree::remove( $goal );
		}
	}

	private function check_database(): void {
		$database = $this->session->database();
		$probe    = 'wcr' . substr( $this->session->id(), 0, 6 ) . '_probe';
		$table    = Database::quote_identifier( $probe );
		$renamed  = Database::quote_identifier( $probe . '2' );
		$steps    = array(
			"DROP TABLE IF EXISTS {$table}, {$renamed}",
			"CREATE TABLE {$table} (id int NOT NULL) ENGINE=InnoDB",
			"ALTER TABLE {$table} ADD COLUMN n int NULL",
			"CREATE INDEX n ON {$table} (n)",
			"INSERT INTO {$table} (id, n) VALUES (1, 1)",
			"UPDATE {$table} SET n = 2",
			"SELECT n FROM {$table}",
			"DELETE FROM {$table}",
			"RENAME TABLE {$table} TO {$renamed}",
			"DROP TABLE {$renamed}",
		);
		foreach ( $steps as $sql ) {
			try {
				$database->exec( $sql );
			} catch ( AgentError $error ) {
				$this->works( "DROP TABLE IF EXISTS {$table}", "DROP TABLE IF EXISTS {$renamed}" );
				throw ServerError::explain( $error );
			}
		}
	}

	/**
	 * Whether views and triggers can be made; without them a copy still works.
	 *
	 * @return array{view: bool, trigger: bool}
	 */
	public function optional_rights(): array {
		$name    = Database::quote_identifier( 'wcr' . substr( $this->session->id(), 0, 6 ) . '_probe' );
		$control = Database::quote_identifier( ControlTable::name_for( $this->session->prefix() ) );
		return array(
			'view'    => $this->works( "CREATE OR REPLACE VIEW {$name} AS SELECT 1 AS a", "DROP VIEW IF EXISTS {$name}" ),
			'trigger' => $this->works( "CREATE TRIGGER {$name} BEFORE DELETE ON {$control} FOR EACH ROW SET @wcr = 1", "DROP TRIGGER IF EXISTS {$name}" ),
		);
	}

	private function works( string $sql, string $undo ): bool {
		try {
			$this->session->database()->exec( $undo );
			$this->session->database()->exec( $sql );
			$this->session->database()->exec( $undo );
			return true;
		} catch ( AgentError $error ) {
			return false;
		}
	}

	private static function ini_bytes( string $name ): int {
		$text   = trim( (string) ini_get( $name ) );
		$powers = array(
			'k' => 1,
			'm' => 2,
			'g' => 3,
		);
		$power  = $powers[ strtolower( substr( $text, -1 ) ) ] ?? 0;
		return (int) ( (float) $text * 1024 ** $power );
	}
}
