<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Foreign keys, triggers and views around the live tables. Their names are unique in a database and foreign keys follow a renamed
 * table, so they are noted and dropped before tables are swapped, and made again on the tables they belong to.
 */
final class SchemaObjects {

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
	 * What is there now, for the journal. Statements are base64: they may hold bytes JSON cannot.
	 *
	 * @return array<string, array<int, array<string, string>>>
	 */
	public function capture(): array {
		$own = $this->session->tables()->swapped();
		return array(
			'foreign'  => $this->foreign_keys( $own ),
			'incoming' => $this->incoming(),
			'triggers' => $this->triggers(),
		);
	}

	/**
	 * Other tables that lose a foreign key for a moment.
	 *
	 * @return array<int, string>
	 */
	public function tables_beside(): array {
		return array_column( $this->incoming(), 'table' );
	}

	/** Drops every foreign key from and to the session's live tables, and their triggers. */
	public function drop(): void {
		$this->database->exec( 'SET foreign_key_checks = 0' );
		foreach ( array_merge( $this->incoming(), $this->foreign_keys( $this->session->tables()->swapped() ) ) as $key ) {
			$this->database->exec( 'ALTER TABLE ' . Database::quote_identifier( $key['table'] ) . ' DROP FOREIGN KEY ' . Database::quote_identifier( $key['name'] ) );
		}
		foreach ( $this->trigger_names() as $name ) {
			$this->database->exec( 'DROP TRIGGER IF EXISTS ' . Database::quote_identifier( $name ) );
		}
	}

	/** Makes other tables' foreign keys point to the tables that are live now. */
	public function restore_incoming(): void {
		$this->restore_foreign_keys( $this->noted( 'incoming' ) );
	}

	/** Makes everything as it was noted. */
	public function restore_all(): void {
		$this->restore_foreign_keys( array_merge( $this->noted( 'foreign' ), $this->noted( 'incoming' ) ) );
		$existing = array_flip( $this->trigger_names() );
		foreach ( $this->noted( 'triggers' ) as $trigger ) {
			if ( ! isset( $existing[ $trigger['name'] ] ) ) {
				$this->restore_trigger( $trigger );
			}
		}
		foreach ( (array) $this->session->journal()->get( 'views', array() ) as $name => $sql ) {
			$this->database->exec( 'DROP VIEW IF EXISTS ' . Database::quote_identifier( (string) $name ) );
			if ( null !== $sql ) {
				$this->exec_with_or_without_definer( (string) base64_decode( $sql, true ) );
			}
		}
	}

	/** Notes a view before it is replaced, once. */
	public function note_view( string $name ): void {
		if ( array_key_exists( $name, (array) $this->session->journal()->get( 'views', array() ) ) ) {
			return;
		}
		$is_view = $this->database->value( 'SELECT 1 FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ' . $this->database->quote( $name ) );
		$sql     = null === $is_view ? null : base64_encode( (string) $this->database->select( 'SHOW CREATE VIEW ' . Database::quote_identifier( $name ) )[0]['Create View'] );
		$this->session->journal()->update(
			static function ( array $data ) use ( $name, $sql ): array {
				return array( 'views' => array( $name => $sql ) + (array) ( $data['views'] ?? array() ) );
			}
		);
	}

	/** Whether a table has a foreign key of that name. */
	public function has_foreign_key( string $table, string $name ): bool {
		foreach ( $this->foreign_keys( array( $table ) ) as $key ) {
			if ( 0 === strcasecmp( $key['name'], $name ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * @return array<int, array<string, string>>
	 */
	private function noted( string $kind ): array {
		$objects = (array) $this->session->journal()->get( 'objects', array() );
		return $objects[ $kind ] ?? array();
	}

	/**
	 * @param array<int, array<string, string>> $keys `table`, `name`, `sql`.
	 */
	private function restore_foreign_keys( array $keys ): void {
		$this->database->exec( 'SET foreign_key_checks = 0' );
		foreach ( $keys as $key ) {
			if ( ! $this->has_foreign_key( $key['table'], $key['name'] ) ) {
				$this->database->exec( 'ALTER TABLE ' . Database::quote_identifier( $key['table'] ) . ' ADD ' . base64_decode( $key['sql'], true ) );
			}
		}
	}

	/**
	 * @param array<string, string> $trigger `name`, `sql`, `mode`.
	 */
	private function restore_trigger( array $trigger ): void {
		$mode = (string) $this->database->value( 'SELECT @@sql_mode' );
		$this->database->exec( 'SET sql_mode = ' . $this->database->quote( $trigger['mode'] ) );
		try {
			$this->exec_with_or_without_definer( (string) base64_decode( $trigger['sql'], true ) );
		} finally {
			$this->database->exec( 'SET sql_mode = ' . $this->database->quote( $mode ) );
		}
	}

	/** Naming another user as definer needs a right that few have. */
	private function exec_with_or_without_definer( string $sql ): void {
		try {
			$this->database->exec( $sql );
		} catch ( AgentError $error ) {
			if ( ! ServerError::is_rights( (int) ( $error->detail()['errno'] ?? 0 ) ) ) {
				throw $error;
			}
			$this->database->exec( (string) preg_replace( '/\sDEFINER=(`(?:[^`]|``)*`|\S+?)@(`(?:[^`]|``)*`|\S+)/', '', $sql, 1 ) );
		}
	}

	/**
	 * Foreign keys of tables, those that exist.
	 *
	 * @param array<int, string> $tables Names.
	 * @return array<int, array<string, string>> `table`, `name`, `sql` (base64), `to`.
	 */
	private function foreign_keys( array $tables ): array {
		$keys = array();
		// Asking for all foreign keys there are takes servers with many tables long.
		foreach ( array() === $tables ? array() : array_intersect( $tables, $this->tables_with_foreign_keys() ) as $table ) {
			$create = (string) $this->database->select( 'SHOW CREATE TABLE ' . Database::quote_identifier( $table ) )[0]['Create Table'];
			// The server prints one key a line, and line breaks inside of names and comments as \n.
			preg_match_all( '/^\s*(CONSTRAINT `((?:[^`]|``)+)` FOREIGN KEY .*? REFERENCES `((?:[^`]|``)+)`.*?),?$/m', $create, $matches, PREG_SET_ORDER );
			foreach ( $matches as $match ) {
				$keys[] = array(
					'table' => $table,
					'name'  => str_replace( '``', '`', $match[2] ),
					'to'    => str_replace( '``', '`', $match[3] ),
					'sql'   => base64_encode( $match[1] ),
				);
			}
		}
		return $keys;
	}

	/**
	 * Foreign keys of other tables that point to the session's.
	 *
	 * @return array<int, array<string, string>>
	 */
	private function incoming(): array {
		$own = $this->session->tables()->swapped();
		if ( array() === $own ) {
			return array();
		}
		$others = array_diff( $this->tables_with_foreign_keys(), $own );
		return array_values(
			array_filter(
				$this->foreign_keys( $others ),
				static function ( array $key ) use ( $own ): bool {
					return in_array( $key['to'], $own, true );
				}
			)
		);
	}

	/**
	 * @return array<int, string>
	 */
	private function tables_with_foreign_keys(): array {
		return $this->database->column( "SELECT DISTINCT TABLE_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'FOREIGN KEY'" );
	}

	/**
	 * @return array<int, array<string, string>> `name`, `sql` (base64), `mode`.
	 */
	private function triggers(): array {
		$triggers = array();
		foreach ( $this->trigger_names() as $name ) {
			$row        = $this->database->select( 'SHOW CREATE TRIGGER ' . Database::quote_identifier( $name ) )[0];
			$triggers[] = array(
				'name' => $name,
				'sql'  => base64_encode( (string) $row['SQL Original Statement'] ),
				'mode' => (string) $row['sql_mode'],
			);
		}
		return $triggers;
	}

	/**
	 * Triggers of the session's live tables, in the order in which they must be made.
	 *
	 * @return array<int, string>
	 */
	private function trigger_names(): array {
		$own   = array_flip( $this->session->tables()->swapped() );
		$names = array();
		foreach ( $this->database->select( 'SHOW TRIGGERS' ) as $row ) {
			if ( isset( $own[ $row['Table'] ] ) ) {
				$names[] = (string) $row['Trigger'];
			}
		}
		return $names;
	}
}
