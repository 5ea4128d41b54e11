<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Read\Schema\Column;
use WpCloneRestore\Support\Database;

/**
 * Exchanges rows of live tables, all tables in one transaction, in both directions. The mark in the control table changes in the same
 * transaction: whoever comes after a crash learns from it, and from nothing else, which rows are live.
 */
final class RowMerge {

	private const DUPLICATE = 1062;

	/**
	 * @var Session
	 */
	private $session;

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * @var ControlTable
	 */
	private $control;

	/**
	 * By name of the table; made when first needed.
	 *
	 * @var array<string, MergeSql>|null
	 */
	private $statements;

	public function __construct( Session $session ) {
		$this->session  = $session;
		$this->database = $session->database();
		$this->control  = $session->control();
	}

	/** Whether the session merges rows at all. */
	public function is_needed(): bool {
		return array() !== $this->session->tables()->merged();
	}

	/** Whether the new rows are live. */
	public function is_done(): bool {
		if ( ! $this->is_needed() ) {
			return false;
		}
		$this->control->create();
		return $this->control->is_merged();
	}

	/**
	 * Finds out whether the merge would work now, and changes nothing. It also brings the rows into the server's memory, so that
	 * the real one is quick.
	 *
	 * @throws AgentError Codes `target.changed`, `target.locked` and those of ServerError.
	 */
	public function check(): void {
		if ( ! $this->is_needed() ) {
			return;
		}
		$this->attempt(
			function (): void {
				$this->compare();
			}
		);
	}

	/**
	 * The former rows go, the new ones come. Does nothing if that is done.
	 *
	 * @param callable(): void|null $at_last What is done before the rows are shown, in their transaction; may be done several times, also
	 *                                       when the rows are there already or there are none.
	 * @throws AgentError As `check()` does, and what `$at_last` throws; then no row was changed.
	 */
	public function forward( ?callable $at_last = null ): void {
		$at_last = $at_last ?? static function (): void {};
		if ( ! $this->is_needed() ) {
			$at_last();
			return;
		}
		$this->attempt(
			function () use ( $at_last ): void {
				if ( ! $this->control->is_merged( true ) ) {
					$this->compare();
					$this->exchange( 'f', 'r' );
					$this->control->set_merged( true );
				}
				$at_last();
			}
		);
	}

	/**
	 * The new rows go, the former ones come back; rows with other keys stay. Does nothing if that is done.
	 *
	 * @param callable(): void $at_last As for `forward()`.
	 * @throws AgentError Code `target.changed` when a row that came meanwhile is in the way of a former one, `target.locked`, those of
	 *                    ServerError and what `$at_last` throws; then no row was changed.
	 */
	public function back( callable $at_last ): void {
		if ( ! $this->is_needed() ) {
			$at_last();
			return;
		}
		$this->control->create();
		$this->attempt(
			function () use ( $at_last ): void {
				if ( $this->control->is_merged( true ) ) {
					$this->exchange( 'r', 'f' );
					$this->control->set_merged( false );
				}
				$at_last();
			}
		);
	}

	/**
	 * @throws AgentError Code `target.changed`.
	 */
	private function compare(): void {
		foreach ( $this->statements() as $name => $sql ) {
			if ( $this->database->value( $sql->count_unchanged() ) !== $this->database->value( $sql->count( 'f' ) ) ) {
				throw $this->changed( (string) $name, 'was changed or removed', $sql->find_changed() );
			}
			if ( $this->database->value( $sql->count_shared( 'r', 'l' ) ) !== $this->database->value( $sql->count_shared( 'r', 'f' ) ) ) {
				throw $this->changed( (string) $name, 'came into being', $sql->find_in_the_way() );
			}
		}
	}

	private function exchange( string $going, string $coming ): void {
		$counts = new DerivedCounts( $this->session );
		$counts->note();
		// First all that goes, then all that comes: nothing of one table is in the way of another's, and foreign keys hold in the end.
		foreach ( $this->statements() as $name => $sql ) {
			$this->explained( (string) $name, $sql->delete( $going ) );
		}
		foreach ( $this->statements() as $name => $sql ) {
			$this->explained( (string) $name, $sql->insert( $coming ) );
		}
		$counts->settle();
	}

	private function explained( string $name, string $sql ): void {
		try {
			$this->database->exec( $sql );
		} catch ( AgentError $error ) {
			if ( self::DUPLICATE !== ( $error->detail()['errno'] ?? 0 ) ) {
				throw Transaction::is_deadlock( $error ) ? $error : ServerError::explain( $error, $name );
			}
			$key = preg_match( "/.*for key '(?:[^']*\\.)?([^'.]*)'$/s", $error->getMessage(), $match ) ? $match[1] : '';
			throw self::target_changed( $name, $key, "{$name}: another row holds the place of one that is to be written (key {$key})", $error );
		}
	}

	private function changed( string $name, string $what, string $sql ): AgentError {
		$key = '';
		foreach ( array_slice( $this->database->select( $sql ), 0, 1 ) as $row ) {
			$parts = array();
			foreach ( $row as $column => $value ) {
				$parts[] = $column . ' ' . $value;
			}
			$key = implode( ', ', $parts );
		}
		return self::target_changed( $name, $key, "{$name}: the row with {$key} {$what}" );
	}

	private static function target_changed( string $table, string $key, string $reason, ?AgentError $previous = null ): AgentError {
		$detail = array(
			'reason' => $reason,
			'table'  => $table,
			'key'    => $key,
		);
		return new AgentError( 'target.changed', $reason, true, $detail, $previous );
	}

	/**
	 * @param callable(): void $work Work.
	 */
	private function attempt( callable $work ): void {
		// Rows of one table refer to those of another, and both come.
		$this->database->exec( 'SET foreign_key_checks = 0, unique_checks = 1' );
		try {
			Transaction::run( $this->database, $work );
		} catch ( AgentError $error ) {
			throw ServerError::explain( $error );
		}
	}

	/**
	 * @return array<string, MergeSql>
	 */
	private function statements(): array {
		if ( null === $this->statements ) {
			$names            = $this->session->tables();
			$this->statements = array();
			foreach ( $names->merged() as $name => $merged ) {
				$tables = array(
					'l' => (string) $name,
					'r' => $names->staged( (string) $name, TableNames::ROWS ),
					'f' => $names->staged( (string) $name, TableNames::FORMER ),
				);

				$this->statements[ $name ] = new MergeSql( $tables, $merged, Column::of_table( $this->database, (string) $name ) );
			}
		}
		return $this->statements;
	}
}
