<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Read\Schema\Column;
use WpCloneRestore\Read\Schema\SiteTables;
use WpCloneRestore\Read\Schema\TableKeys;
use WpCloneRestore\Support\Database;

/**
 * Makes the two tables that a merge of rows needs for each live table: what the rows become, and what the live table is thought to hold
 * of them. Both are like the live one, so that values stay what they are and keys find each other.
 */
final class MergeStaging {

	private const LOCK_SECONDS = 20;

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/** Forgets every table the session has staged, whatever it was for; files stay. */
	public function reset(): void {
		if ( ! $this->session->is_merge() ) {
			throw AgentError::invalid_arguments( 'a replacement merges no rows' );
		}
		// Dropped first: after a crash in between they are known still, and dropped again.
		( new TableSwap( $this->session ) )->drop( true );
		$this->session->control()->forget();
		$this->session->control()->create();
		$this->session->journal()->set(
			array(
				'tables' => array(),
				'merged' => array(),
			)
		);
	}

	/**
	 * @param array<int, mixed> $tables  Each with `name`, `columns` and `key`.
	 * @param bool              $missing Leaves alone what this session has made already; see TableStaging.
	 * @throws AgentError Code `agent.invalid_arguments` for what cannot be merged, and those of ServerError.
	 */
	public function merge( array $tables, bool $missing = false ): void {
		if ( ! $this->session->is_merge() ) {
			throw AgentError::invalid_arguments( 'a replacement merges no rows' );
		}
		$site     = SiteTables::of_environment( $this->session->environment() );
		$triggers = array_column( $this->session->database()->select( 'SHOW TRIGGERS' ), 'Table' );
		foreach ( $tables as $table ) {
			$name = is_array( $table ) ? ( $table['name'] ?? null ) : null;
			if ( ! is_string( $name ) || ! is_array( $table['columns'] ?? null ) || ! is_array( $table['key'] ?? null ) ) {
				throw AgentError::invalid_arguments( 'a table needs a name, columns and a key' );
			}
			if ( ! isset( $site->tables[ $name ] ) || 'BASE TABLE' !== strtoupper( (string) $site->tables[ $name ]['TABLE_TYPE'] ) ) {
				throw AgentError::invalid_arguments( $name . ' cannot be merged: it is not a plain table of the site' );
			}
			if ( ! in_array( strtolower( (string) $site->tables[ $name ]['ENGINE'] ), TableStaging::TRANSACTIONAL, true ) ) {
				throw AgentError::invalid_arguments( $name . ' cannot be merged: it has no transactions' );
			}
			if ( in_array( $name, $triggers, true ) ) {
				throw AgentError::invalid_arguments( $name . ' cannot be merged: it has triggers' );
			}
			$this->register( $name, array_values( $table['columns'] ), array_values( $table['key'] ) );
			try {
				$this->make( $name, $missing );
			} catch ( AgentError $error ) {
				throw ServerError::explain( $error, $name );
			}
		}
	}

	/**
	 * @param array<int, mixed> $columns Names.
	 * @param array<int, mixed> $key     Names.
	 */
	private function register( string $name, array $columns, array $key ): void {
		$database = $this->session->database();
		$existing = Column::of_table( $database, $name );
		$plain    = array();
		foreach ( $existing as $column ) {
			if ( ! $column->generated ) {
				$plain[] = $column->name;
			}
		}
		if ( count( $columns ) !== count( $plain ) || array_diff( $plain, $columns ) ) {
			throw AgentError::invalid_arguments( $name . ' cannot be merged: its columns are others' );
		}
		$index = TableKeys::of_table( $database, $name, $existing )->index_of( $key );
		if ( null === $index ) {
			throw AgentError::invalid_arguments( $name . ' cannot be merged: it has no such key' );
		}
		$this->session->tables()->add_merged( $name, $plain, $key, $index );
	}

	private function make( string $name, bool $missing ): void {
		$control = $this->session->control();
		foreach ( array( TableNames::ROWS, TableNames::FORMER ) as $part ) {
			$key = TableNames::key_of( $name, $part );
			if ( ! $control->lock( $key, self::LOCK_SECONDS ) ) {
				throw AgentError::failed( $name . ' is still being written by an earlier request' );
			}
			try {
				if ( $missing && isset( $control->places( $key )[ $key ] ) ) {
					continue;
				}
				$this->make_part( $name, $part );
				$control->restart( $key, true );
			} finally {
				$control->unlock( $key );
			}
		}
	}

	private function make_part( string $name, string $part ): void {
		$database = $this->session->database();
		$table    = Database::quote_identifier( $this->session->tables()->staged( $name, $part ) );
		$database->exec( 'DROP TABLE IF EXISTS ' . $table );
		$database->exec( 'CREATE TABLE ' . $table . ' LIKE ' . Database::quote_identifier( $name ) );
	}
}
