<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Which tables a session writes and what they are called meanwhile. Staging and restore-point tables have short names, because
 * a name has 64 characters at most; the map is in the journal.
 */
final class TableNames {

	/** What the rows of a merged table become, and what the live table holds of them before. */
	public const ROWS   = 'rows';
	public const FORMER = 'former';

	/** Longest name of a table that can be merged: its former part is known to the control table by a longer one. */
	private const MAX_MERGED = 180;

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * Registers tables; those already known keep their numbers.
	 *
	 * @param array<int, string> $names Final names.
	 * @throws AgentError Code `agent.invalid_arguments` for a name no table can have.
	 */
	public function add( array $names ): void {
		foreach ( $names as $name ) {
			if ( '' === $name || strlen( $name ) > 192 || false !== strpos( $name, "\0" ) || ControlTable::name_for( $this->session->prefix() ) === $name ) {
				throw AgentError::invalid_arguments( 'a table cannot be called ' . $name );
			}
		}
		$this->session->journal()->update(
			static function ( array $data ) use ( $names ): array {
				$numbers = $data['tables'] ?? array();
				foreach ( $names as $name ) {
					$numbers[ $name ] = $numbers[ $name ] ?? count( $numbers ) + 1;
				}
				return array( 'tables' => $numbers );
			}
		);
	}

	/**
	 * Registers a table whose rows are merged.
	 *
	 * @param array<int, string> $columns Columns that are not generated.
	 * @param array<int, string> $key     Columns of the key.
	 * @param string             $index   Name of the key.
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public function add_merged( string $name, array $columns, array $key, string $index ): void {
		if ( strlen( $name ) > self::MAX_MERGED || ( $this->has( $name ) && ! $this->is_merged( $name ) ) ) {
			throw AgentError::invalid_arguments( $name . ' cannot be merged: its name is too long, or it is swapped by this session' );
		}
		$this->add( array( $name ) );
		$this->session->journal()->update(
			static function ( array $data ) use ( $name, $columns, $key, $index ): array {
				$merged          = $data['merged'] ?? array();
				$merged[ $name ] = array(
					'columns' => $columns,
					'key'     => $key,
					'index'   => $index,
				);
				return array( 'merged' => $merged );
			}
		);
	}

	/**
	 * Tables whose rows are merged.
	 *
	 * @return array<string, array{columns: array<int, string>, key: array<int, string>, index: string}> By name.
	 */
	public function merged(): array {
		return (array) $this->session->journal()->get( 'merged', array() );
	}

	public function is_merged( string $name ): bool {
		return isset( $this->merged()[ $name ] );
	}

	/**
	 * Tables that are exchanged as a whole.
	 *
	 * @return array<int, string>
	 */
	public function swapped(): array {
		return array_values( array_diff( $this->all(), array_map( 'strval', array_keys( $this->merged() ) ) ) );
	}

	/** How a part of a table is called where its sequence is kept: no table's name has a NUL. */
	public static function key_of( string $name, string $part ): string {
		return self::FORMER === $part ? $name . "\0" . self::FORMER : $name;
	}

	/**
	 * The table and the part that a key means.
	 *
	 * @return array{0: string, 1: string}
	 */
	public static function parts_of( string $key ): array {
		$at = strpos( $key, "\0" );
		return false === $at ? array( $key, self::ROWS ) : array( substr( $key, 0, $at ), substr( $key, $at + 1 ) );
	}

	/** A key for people. */
	public static function label( string $key ): string {
		return str_replace( "\0", ' ', $key );
	}

	/**
	 * Where a part of a table waits.
	 *
	 * @throws AgentError Code `agent.invalid_arguments` for a part that is not there.
	 */
	public function staged( string $name, string $part ): string {
		$is_there = $this->is_merged( $name ) ? in_array( $part, array( self::ROWS, self::FORMER ), true ) : self::ROWS === $part && $this->has( $name ) && $this->session->is_staging();
		if ( ! $is_there ) {
			throw AgentError::invalid_arguments( "the session has not staged {$part} of {$name}" );
		}
		return self::FORMER === $part ? $this->backup( $name ) : $this->staging( $name );
	}

	/** Where frames of rows go. */
	public function target( string $key ): string {
		list( $name, $part ) = self::parts_of( $key );
		return self::FORMER === $part || $this->is_merged( $name ) ? $this->staged( $name, $part ) : $this->current( $name );
	}

	/**
	 * Final names of the session's tables.
	 *
	 * @return array<int, string>
	 */
	public function all(): array {
		return array_map( 'strval', array_keys( $this->numbers() ) );
	}

	public function has( string $name ): bool {
		return isset( $this->numbers()[ $name ] );
	}

	/** Where a table is written before the commit. */
	public function staging( string $name ): string {
		return $this->session->is_merge() ? 'wcr' . substr( $this->session->id(), 0, 6 ) . '_' . $this->numbers()[ $name ] : $name;
	}

	/** Where the former table is kept after the commit. */
	public function backup( string $name ): string {
		return 'wcrb' . substr( $this->session->id(), 0, 6 ) . '_' . $this->numbers()[ $name ];
	}

	/** What a table is called at this moment: its staging name if it is staged to be swapped, else its own. */
	public function current( string $name ): string {
		return $this->session->is_staging() && $this->has( $name ) && ! $this->is_merged( $name ) ? $this->staging( $name ) : $name;
	}

	/** A statement with its placeholders `{{table:name}}` (and `{{table}}` for `$table`) filled with current names. */
	public function fill( string $sql, string $table = '' ): string {
		$sql = str_replace( '`{{table}}`', '{{table}}', $sql );
		if ( '' !== $table ) {
			// Only the first one is ours: the same words may stand in a comment.
			$at  = strpos( $sql, '{{table}}' );
			$sql = false === $at ? $sql : substr_replace( $sql, Database::quote_identifier( $this->current( $table ) ), $at, strlen( '{{table}}' ) );
		}
		$filled = preg_replace_callback(
			'/`?\{\{table:(.+?)\}\}`?/s',
			function ( array $match ): string {
				return Database::quote_identifier( $this->current( $match[1] ) );
			},
			$sql
		);
		return (string) $filled;
	}

	/**
	 * @return array<string, int>
	 */
	private function numbers(): array {
		return (array) $this->session->journal()->get( 'tables', array() );
	}
}
