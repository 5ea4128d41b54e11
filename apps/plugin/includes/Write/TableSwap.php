<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Exchanges live and staging tables in one statement. What is left to do is read off the tables that exist, so that it can be
 * called at any time, also after a server that renames table by table was killed in between.
 */
final class TableSwap {

	/**
	 * @var Session
	 */
	private $session;

	/**
	 * @var Database
	 */
	private $database;

	public function __construct( Session $session ) {
		$this->session  = $session;
		$this->database = $session->database();
	}

	/**
	 * Live tables become the restore point, staging tables live.
	 *
	 * @throws AgentError Code `agent.failed` with the server's error.
	 */
	public function forward(): void {
		$names   = $this->session->tables();
		$exists  = $this->existing();
		$renames = array();
		foreach ( $names->swapped() as $name ) {
			if ( ! $exists( $names->staging( $name ) ) ) {
				continue;
			}
			if ( $exists( $name ) && $exists( $names->backup( $name ) ) ) {
				throw AgentError::failed( $name . ' was made anew by somebody else during the commit' );
			}
			if ( $exists( $name ) ) {
				$renames[] = array( $name, $names->backup( $name ) );
			}
			$renames[] = array( $names->staging( $name ), $name );
		}
		$this->rename( $renames );
	}

	/**
	 * The restore point becomes live, live tables staging.
	 *
	 * @throws AgentError Code `agent.failed` with the server's error.
	 */
	public function back(): void {
		$this->rename( $this->renames_back() );
	}

	/** Whether a live table is the session's already. */
	public function is_swapped( string $name ): bool {
		$exists = $this->existing();
		return ! $exists( $this->session->tables()->staging( $name ) ) || $exists( $this->session->tables()->backup( $name ) );
	}

	/** Whether nothing of it is left to do. */
	public function is_back(): bool {
		return array() === $this->renames_back();
	}

	/**
	 * @return array<int, array{0: string, 1: string}>
	 */
	private function renames_back(): array {
		$names   = $this->session->tables();
		$exists  = $this->existing();
		$renames = array();
		foreach ( $names->swapped() as $name ) {
			$is_swapped = ! $exists( $names->staging( $name ) );
			if ( $is_swapped && $exists( $name ) ) {
				$renames[] = array( $name, $names->staging( $name ) );
			}
			if ( $exists( $names->backup( $name ) ) && ( $is_swapped || ! $exists( $name ) ) ) {
				$renames[] = array( $names->backup( $name ), $name );
			}
		}
		return $renames;
	}

	/**
	 * Makes sure that nobody holds a table that will be exchanged, before anything else is done: a lock that lasts shows here, where
	 * nothing has to be undone. One that comes in the moment after is waited for as well, in maintenance mode.
	 *
	 * @param array<int, string> $others Further tables that will be changed.
	 * @throws AgentError Code `target.locked`.
	 */
	public function probe_locks( array $others ): void {
		$exists = $this->existing();
		$locks  = array();
		foreach ( array_unique( array_merge( $this->session->tables()->swapped(), $others ) ) as $name ) {
			if ( $exists( $name ) ) {
				$locks[] = Database::quote_identifier( $name ) . ' WRITE';
			}
		}
		if ( ! $locks ) {
			return;
		}
		try {
			$this->database->exec( 'LOCK TABLES ' . implode( ', ', $locks ) );
		} catch ( AgentError $error ) {
			$explained = ServerError::explain( $error );
			if ( 'target.locked' === $explained->error_code() ) {
				throw $explained;
			}
			// A user without the right to lock tables finds out later.
		}
		$this->database->exec( 'UNLOCK TABLES' );
	}

	/**
	 * Drops staging tables, and those of the restore point.
	 *
	 * @throws AgentError Code `agent.failed` with the server's error.
	 */
	public function drop( bool $with_restore_point ): void {
		if ( ! $this->session->is_merge() ) {
			return;
		}
		$names = $this->session->tables();
		$this->database->exec( 'SET foreign_key_checks = 0' );
		// Both tables of a merged one are its restore point.
		foreach ( $with_restore_point ? $names->all() : $names->swapped() as $name ) {
			$this->database->exec( 'DROP TABLE IF EXISTS ' . Database::quote_identifier( $names->staging( $name ) ) );
			if ( $with_restore_point ) {
				$this->database->exec( 'DROP TABLE IF EXISTS ' . Database::quote_identifier( $names->backup( $name ) ) );
			}
		}
	}

	/**
	 * @param array<int, array{0: string, 1: string}> $renames From and to, one after the other.
	 */
	private function rename( array $renames ): void {
		if ( ! $renames ) {
			return;
		}
		$pairs = array();
		foreach ( $renames as list( $from, $to ) ) {
			$pairs[] = Database::quote_identifier( $from ) . ' TO ' . Database::quote_identifier( $to );
		}
		$this->database->exec( 'SET foreign_key_checks = 0' );
		$this->database->exec( 'RENAME TABLE ' . implode( ', ', $pairs ) );
	}

	/**
	 * @return callable(string): bool Whether a table of that name exists.
	 */
	private function existing(): callable {
		$fold  = '0' === $this->database->variable( 'lower_case_table_names' ) ? 'strval' : 'strtolower';
		$known = array_flip( array_map( $fold, $this->database->column( 'SHOW TABLES' ) ) );
		return static function ( string $name ) use ( $known, $fold ): bool {
			return isset( $known[ $fold( $name ) ] );
		};
	}
}
