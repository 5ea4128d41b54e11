<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Compares tables with what was sent.
 */
final class Verifier {

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * @param array<int, mixed> $tables Each with `name`, `columns`, `rows`, and `part` for what is staged of a merged one.
	 * @return array<int, string> What differs, for people.
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public function problems( array $tables ): array {
		$problems = array();
		foreach ( $tables as $table ) {
			if ( ! is_array( $table ) || ! is_string( $table['name'] ?? null ) || ! is_array( $table['columns'] ?? null ) || ! is_int( $table['rows'] ?? null ) ) {
				throw AgentError::invalid_arguments( 'a table needs a name, columns and rows' );
			}
			$problem = $this->problem( $table['name'], $table['columns'], $table['rows'], $table['part'] ?? null );
			if ( null !== $problem ) {
				$problems[] = $problem;
			}
		}
		return $problems;
	}

	/**
	 * @param array<int, mixed> $columns Names.
	 * @param mixed             $part    Part of a merged table; null for the table itself.
	 */
	private function problem( string $name, array $columns, int $rows, $part ): ?string {
		$database = $this->session->database();
		$current  = is_string( $part ) ? $this->session->tables()->staged( $name, $part ) : $this->session->tables()->current( $name );
		$existing = $database->column( 'SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ' . $database->quote( $current ) );
		if ( ! $existing ) {
			return "{$name} is missing";
		}
		$missing = array_diff( array_map( 'strval', $columns ), $existing );
		if ( $missing ) {
			return "{$name} lacks the column " . implode( ', ', $missing );
		}
		$count = (int) $database->value( 'SELECT COUNT(*) FROM ' . Database::quote_identifier( $current ) );
		return $count === $rows ? null : "{$name} has {$count} rows instead of {$rows}";
	}
}
