<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Makes the tables rows are written to: the staging tables of a merge, the final ones of a replacement.
 */
final class TableStaging {

	private const LOCK_SECONDS = 20;

	/**
	 * Engines whose changes can be rolled back.
	 */
	public const TRANSACTIONAL = array( 'innodb', 'rocksdb', 'tokudb', 'xtradb', 'ndbcluster' );

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * Drops and makes each table; its rows begin with sequence 1.
	 *
	 * @param array<int, mixed> $tables  Each with `name` and `createSql`.
	 * @param bool              $missing Leaves alone what this session has made already: a late request of a worker that was replaced must not empty a table.
	 * @return array<int, string> What the server changed silently.
	 * @throws AgentError Code `agent.invalid_arguments` and those of ServerError.
	 */
	public function create( array $tables, bool $missing = false ): array {
		$checked = array();
		foreach ( $tables as $table ) {
			if ( ! is_array( $table ) || ! is_string( $table['name'] ?? null ) || ! is_string( $table['createSql'] ?? null ) ) {
				throw AgentError::invalid_arguments( 'a table needs a name and createSql' );
			}
			if ( ! preg_match( '/^\s*CREATE\s+TABLE\s+`?\{\{table\}\}/i', $table['createSql'] ) ) {
				throw AgentError::invalid_arguments( $table['name'] . ': createSql must begin with CREATE TABLE {{table}}' );
			}
			if ( $this->session->tables()->is_merged( $table['name'] ) ) {
				throw AgentError::invalid_arguments( $table['name'] . ' is merged by this session, not swapped' );
			}
			$checked[ $table['name'] ] = $table['createSql'];
		}
		$this->session->tables()->add( array_map( 'strval', array_keys( $checked ) ) );
		$this->session->database()->exec( 'SET foreign_key_checks = 0' );
		$warnings = new LoadWarnings();
		foreach ( $checked as $name => $sql ) {
			try {
				$this->create_one( (string) $name, $sql, $missing, $warnings );
			} catch ( AgentError $error ) {
				throw ServerError::explain( $error, (string) $name );
			}
		}
		return $warnings->lines();
	}

	private function create_one( string $name, string $sql, bool $missing, LoadWarnings $warnings ): void {
		$database = $this->session->database();
		$control  = $this->session->control();
		$table    = Database::quote_identifier( $this->session->tables()->current( $name ) );
		if ( ! $control->lock( $name, self::LOCK_SECONDS ) ) {
			throw AgentError::failed( $name . ' is still being written by an earlier request' );
		}
		try {
			$place = $control->places( $name )[ $name ] ?? null;
			if ( $missing && null !== $place && ( $place->sequence > 0 || ControlTable::IDLE === $place->state ) ) {
				return;
			}
			$database->exec( 'DROP TABLE IF EXISTS ' . $table );
			$database->exec( $this->session->tables()->fill( $sql, $name ) );
			$warnings->collect( $database, $name );
			$control->restart( $name, $this->is_transactional( $this->session->tables()->current( $name ) ) );
		} finally {
			$control->unlock( $name );
		}
	}

	/** The engine the server really took: it may replace one it does not know. */
	private function is_transactional( string $table ): bool {
		$database = $this->session->database();
		$engine   = $database->value( 'SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ' . $database->quote( $table ) );
		return in_array( strtolower( (string) $engine ), self::TRANSACTIONAL, true );
	}
}
