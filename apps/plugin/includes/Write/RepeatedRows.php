<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Inserts rows one by one where some came again under another key. A row of a site that lives may be deleted while it is
 * copied and come again under a later key, as WordPress's transients do: the source's unique key held one of both at any
 * time, so the earlier one is there no more and gives way. That is certain only if both have the very same bytes in that
 * key. Different bytes that the target takes for equal are two rows of the source, of which none may be lost.
 */
final class RepeatedRows {

	/** The server's number for a duplicate in a unique key. */
	private const DUPLICATE = 1062;
	/** The server's number for a commit that failed, which does not tell why. */
	private const COMMIT_FAILED = 1180;
	/** A table cannot have more keys. */
	private const MAX_KEYS = 128;

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * The table as it is called now.
	 *
	 * @var string
	 */
	private $table;

	/**
	 * The table's name for people.
	 *
	 * @var string
	 */
	private $name;

	/**
	 * Names and kinds of the rows' columns.
	 *
	 * @var array<int, array{name: string, kind: string}>
	 */
	private $columns;

	/**
	 * Character set of each column that has one; read when it is needed.
	 *
	 * @var array<string, string|null>|null
	 */
	private $charsets;

	/**
	 * @param string                                        $table   The table as it is called now.
	 * @param string                                        $name    Its name for people.
	 * @param array<int, array{name: string, kind: string}> $columns Columns of the rows.
	 */
	public function __construct( Database $database, string $table, string $name, array $columns ) {
		$this->database = $database;
		$this->table    = $table;
		$this->name     = $name;
		$this->columns  = $columns;
	}

	/** True for a duplicate in a unique key. */
	public static function is_duplicate( AgentError $error ): bool {
		return self::DUPLICATE === ( $error->detail()['errno'] ?? 0 );
	}

	/** True for what MariaDB says of a duplicate in the first rows of a table, which it inserts in bulk at the commit. */
	public static function may_be_duplicate( AgentError $error ): bool {
		return self::COMMIT_FAILED === ( $error->detail()['errno'] ?? 0 );
	}

	/**
	 * Runs the INSERT of one row.
	 *
	 * @param array<int, string|null> $row Its values.
	 * @return int Rows that gave way.
	 * @throws AgentError Any failure; code `source.database_unsupported` when the target takes two different values for one.
	 */
	public function insert( string $sql, array $row ): int {
		$replaced = 0;
		for ( $turn = 0; ; ++$turn ) {
			try {
				$this->database->exec( $sql );
				return $replaced;
			} catch ( AgentError $error ) {
				if ( ! self::is_duplicate( $error ) || $turn > self::MAX_KEYS ) {
					throw $error;
				}
				$replaced += $this->make_way( $row, $error );
			}
		}
	}

	/**
	 * @param array<int, string|null> $row Values.
	 */
	private function make_way( array $row, AgentError $error ): int {
		$key  = $this->key_of( $error );
		$same = $this->same_bytes( $key, $row );
		if ( null === $same ) {
			throw $error;
		}
		$from = ' FROM ' . Database::quote_identifier( $this->table ) . ' WHERE ' . $same;
		if ( 'PRIMARY' === $key ) {
			// A row is never sent twice: nothing explains this.
			if ( null !== $this->database->value( 'SELECT 1' . $from . ' LIMIT 1' ) ) {
				throw $error;
			}
			throw $this->collision( $key, $error );
		}
		$replaced = $this->database->exec( 'DELETE' . $from );
		if ( $replaced < 1 ) {
			throw $this->collision( $key, $error );
		}
		return $replaced;
	}

	private function collision( string $key, AgentError $error ): AgentError {
		$reason = "{$this->name}: different values are one and the same to the target's server in the unique key {$key}";
		$detail = array(
			'reason' => $reason,
			'table'  => $this->name,
			'key'    => $key,
		);
		return new AgentError( 'source.database_unsupported', $reason, false, $detail, $error );
	}

	/** Name of the key; MySQL 8 puts the table's before it. */
	private function key_of( AgentError $error ): string {
		$key    = preg_match( "/.*for key '(.*)'$/s", $error->getMessage(), $match ) ? $match[1] : '';
		$prefix = $this->table . '.';
		return 0 === strncmp( $key, $prefix, strlen( $prefix ) ) ? substr( $key, strlen( $prefix ) ) : $key;
	}

	/**
	 * The condition that a row has this row's bytes in a key; null when the row does not tell.
	 *
	 * @param array<int, string|null> $row Values.
	 */
	private function same_bytes( string $key, array $row ): ?string {
		$places     = array_flip( array_column( $this->columns, 'name' ) );
		$conditions = array();
		foreach ( $this->database->select( 'SHOW INDEX FROM ' . Database::quote_identifier( $this->table ) ) as $part ) {
			if ( $part['Key_name'] !== $key ) {
				continue;
			}
			$place = $places[ (string) $part['Column_name'] ] ?? null;
			if ( null === $place || null === $row[ $place ] ) {
				return null;
			}
			$conditions[] = $this->same_value( $this->columns[ $place ], $row[ $place ], (int) $part['Sub_part'] );
		}
		return $conditions ? implode( ' AND ', $conditions ) : null;
	}

	/**
	 * @param array{name: string, kind: string} $column Column.
	 * @param int                               $length Characters that are in the key; 0 for all.
	 */
	private function same_value( array $column, string $value, int $length ): string {
		$name    = Database::quote_identifier( $column['name'] );
		$charset = $this->charset( $column['name'] );
		if ( null === $charset ) {
			$literals = new Literals( $this->database->connection(), array( $column['kind'] ) );
			return self::part( $name, $length ) . ' = ' . self::part( $literals->tuple( array( $value ) ), $length );
		}
		$stored = self::part( $name, $length );
		$given  = self::part( '_' . $charset . " x'" . bin2hex( $value ) . "'", $length );
		// The first comparison is the one the index can answer.
		return "{$stored} = {$given} AND CAST({$stored} AS BINARY) = CAST({$given} AS BINARY)";
	}

	private static function part( string $expression, int $length ): string {
		return 0 === $length ? $expression : "LEFT({$expression}, {$length})";
	}

	private function charset( string $column ): ?string {
		if ( null === $this->charsets ) {
			$this->charsets = array();
			$sql            = 'SELECT COLUMN_NAME AS name, CHARACTER_SET_NAME AS charset FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ' . $this->database->quote( $this->table );
			foreach ( $this->database->select( $sql ) as $row ) {
				$this->charsets[ (string) $row['name'] ] = $row['charset'];
			}
		}
		return $this->charsets[ $column ] ?? null;
	}
}
