<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Budget;
use WpCloneRestore\Read\Rows\Cursor;
use WpCloneRestore\Read\Rows\RowScan;
use WpCloneRestore\Read\Rows\RowSelect;
use WpCloneRestore\Read\Rows\RowSum;

/**
 * Makes sure that live tables which are about to be swapped still are what they were when the sites were compared.
 */
final class LiveCheck {

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * What a commit expects, for the journal.
	 *
	 * @param array<int, mixed> $expect Each with `table`, `columns`, `key`, `rows` and `checksum`.
	 * @return array<int, array<string, mixed>>
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public static function checked( Session $session, array $expect ): array {
		foreach ( $expect as $table ) {
			$fits = is_array( $table ) && is_string( $table['table'] ?? null ) && is_array( $table['columns'] ?? null ) && is_int( $table['rows'] ?? null )
				&& is_string( $table['checksum'] ?? null ) && ( ! isset( $table['key'] ) || is_array( $table['key'] ) );
			if ( ! $fits ) {
				throw AgentError::invalid_arguments( 'what is expected of a table needs table, columns, key, rows and checksum' );
			}
			if ( ! in_array( $table['table'], $session->tables()->swapped(), true ) ) {
				throw AgentError::invalid_arguments( $table['table'] . ' is not swapped by this session' );
			}
		}
		return array_values( $expect );
	}

	/**
	 * Tables that were swapped already are left out: after a crash the live one is ours.
	 *
	 * @throws AgentError Code `target.changed`.
	 */
	public function check(): void {
		$swap = new TableSwap( $this->session );
		foreach ( (array) $this->session->journal()->get( 'expect', array() ) as $expected ) {
			if ( ! $swap->is_swapped( $expected['table'] ) ) {
				$this->check_one( $expected );
			}
		}
	}

	/**
	 * @param array<string, mixed> $expected Member of the argument.
	 */
	private function check_one( array $expected ): void {
		$table = $expected['table'];
		try {
			$select = new RowSelect( $this->session->environment(), $table, $expected['columns'], $expected['key'] ?? null );
		} catch ( AgentError $error ) {
			throw self::changed( $table, "{$table} was removed or changed in structure", $error );
		}
		$scan = new RowScan( $this->session->database(), $select, new Cursor( null ) );
		$sum  = new RowSum();
		foreach ( $scan->packed( new Budget( 86400000, PHP_INT_MAX ) ) as $packed ) {
			$sum->add( $packed );
		}
		if ( $scan->rows() !== $expected['rows'] || $sum->decimal() !== $expected['checksum'] ) {
			throw self::changed( $table, "{$table} was changed" );
		}
	}

	private static function changed( string $table, string $reason, ?AgentError $previous = null ): AgentError {
		$detail = array(
			'reason' => $reason,
			'table'  => $table,
		);
		return new AgentError( 'target.changed', $reason, true, $detail, $previous );
	}
}
