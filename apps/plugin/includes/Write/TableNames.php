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

	/** What a table is called at this moment: its staging name if it is staged, else its own. */
	public function current( string $name ): string {
		return $this->session->is_staging() && $this->has( $name ) ? $this->staging( $name ) : $name;
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
