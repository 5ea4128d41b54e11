<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Runs statements that come after the rows. Each may be run twice.
 */
final class StatementRunner {

	private const PATTERNS = array(
		'foreign-key' => '/^\s*ALTER\s+TABLE\s/i',
		'view'        => '/^\s*CREATE\s+(OR\s+REPLACE\s+)?(.*?\s)?VIEW\s/is',
		'trigger'     => '/^\s*CREATE\s+(.*?\s)?TRIGGER\s/is',
		'analyze'     => '/^/',
	);

	/** A view or trigger that was broken at the source already: unknown table, column, routine, user. */
	private const BROKEN = array( 1146, 1054, 1356, 1305, 1449 );

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
	 * @param array<int, mixed> $statements Each with `kind`, `name`, `sql`, and `table` if the statement says `{{table}}`.
	 * @return array<int, string> What could not be made.
	 * @throws AgentError Code `agent.invalid_arguments` and those of ServerError.
	 */
	public function run( array $statements ): array {
		$this->database->exec( 'SET foreign_key_checks = 0' );
		$warnings = array();
		foreach ( $statements as $statement ) {
			$this->check( $statement );
			try {
				$this->run_one( $statement['kind'], $statement['name'], $statement );
			} catch ( AgentError $error ) {
				if ( ! self::is_tolerable( $statement['kind'], (int) ( $error->detail()['errno'] ?? 0 ) ) ) {
					throw ServerError::explain( $error, $statement['name'] );
				}
				$warnings[] = "{$statement['kind']} {$statement['name']}: {$error->getMessage()}";
			}
		}
		return $warnings;
	}

	/**
	 * @param mixed $statement Statement.
	 */
	private function check( $statement ): void {
		$kind = is_array( $statement ) ? ( $statement['kind'] ?? null ) : null;
		$sql  = is_array( $statement ) ? ( $statement['sql'] ?? null ) : null;
		if ( ! is_string( $kind ) || ! isset( self::PATTERNS[ $kind ] ) || ! is_string( $statement['name'] ?? null ) || ! is_string( $sql ) || ! preg_match( self::PATTERNS[ $kind ], $sql ) ) {
			throw AgentError::invalid_arguments( 'a statement makes no sense' );
		}
		if ( 'analyze' !== $kind && $this->session->is_staging() ) {
			throw AgentError::invalid_arguments( 'in a merge, ' . $kind . ' statements come after the commit' );
		}
	}

	/**
	 * @param array<string, mixed> $statement Statement.
	 */
	private function run_one( string $kind, string $name, array $statement ): void {
		$tables = $this->session->tables();
		$sql    = $tables->fill( $statement['sql'], is_string( $statement['table'] ?? null ) ? $statement['table'] : '' );
		if ( 'analyze' === $kind ) {
			$this->database->select( 'ANALYZE TABLE ' . Database::quote_identifier( $tables->current( $name ) ) );
		} elseif ( 'foreign-key' === $kind ) {
			$this->add_foreign_key( $name, $sql );
		} elseif ( 'trigger' === $kind ) {
			$this->database->exec( 'DROP TRIGGER IF EXISTS ' . Database::quote_identifier( $name ) );
			$this->database->exec( $sql );
		} else {
			if ( $this->session->is_merge() ) {
				( new SchemaObjects( $this->session ) )->note_view( $name );
			}
			$this->database->exec( (string) preg_replace( '/^\s*CREATE\s+(OR\s+REPLACE\s+)?/i', 'CREATE OR REPLACE ', $sql ) );
		}
	}

	private function add_foreign_key( string $name, string $sql ): void {
		try {
			$this->database->exec( $sql );
		} catch ( AgentError $error ) {
			// The second time it is there already; each server has its own number for that.
			$exists = preg_match( '/^\s*ALTER\s+TABLE\s+`((?:[^`]|``)+)`/i', $sql, $match )
				&& ( new SchemaObjects( $this->session ) )->has_foreign_key( str_replace( '``', '`', $match[1] ), $name );
			if ( ! $exists ) {
				throw $error;
			}
		}
	}

	private static function is_tolerable( string $kind, int $errno ): bool {
		return 'foreign-key' !== $kind && ( ServerError::is_rights( $errno ) || in_array( $errno, self::BROKEN, true ) );
	}
}
