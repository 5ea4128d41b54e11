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
	 * @param array<int, mixed> $tables Each with `name`, `columns` and `rows`.
	 * @return array<int, string> What differs, for people.
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public function problems( array $tables ): array {
		$problems = array();
		foreach ( $tables as $table ) {
			if ( ! is_array( $table ) || ! is_string( $table['name'] ?? null ) || ! is_array( $table['columns'] ?? null ) || ! is_int( $table['rows'] ?? null ) ) {
				throw AgentError::invalid_arguments( 'a table needs a name, columns and rows' );
			}
			$problem = $this->problem( $table['name'], $table['columns'], $table['rows'] );
			if ( null !== $problem ) {
				$problems[] = $problem;
			}
		}
		return $problems;
	}

	/**
	 * @param array<int, mixed> $columns Names.
	 */
	private function problem( string $name, array $columns, int $rows ): ?string {
		$database = $this->session->database();
		$current  = $this->session->tables()->current( $name );
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
