<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Read\Schema\Column;
use WpCloneRestore\Support\Database;

/**
 * The statements that merge the rows of one table. `l` is the live table, `r` what rows become, `f` what they were.
 *
 * Keys are compared in their own collations, as the live table's unique key does; values byte for byte.
 */
final class MergeSql {

	/**
	 * Quoted names of the tables by their letter.
	 *
	 * @var array<string, string>
	 */
	private $tables;

	/**
	 * @var array<string, Column>
	 */
	private $columns;

	/**
	 * Names.
	 *
	 * @var array<int, string>
	 */
	private $key;

	/**
	 * Names of the columns, quoted.
	 *
	 * @var string
	 */
	private $names;

	/**
	 * Tells the server to find live rows by the key, whatever its statistics say of tables that were just made.
	 *
	 * @var string
	 */
	private $hint;

	/**
	 * @param array<string, string>                                                                      $tables  Names by letter.
	 * @param array{columns: array<int, string>, key: array<int, string>, index: string} $merged  As in the journal.
	 * @param array<string, Column>                                                                      $columns Columns of the live table.
	 */
	public function __construct( array $tables, array $merged, array $columns ) {
		$this->tables  = array_map( array( Database::class, 'quote_identifier' ), $tables );
		$this->columns = array_intersect_key( $columns, array_flip( $merged['columns'] ) );
		$this->key     = $merged['key'];
		$this->names   = implode( ', ', array_map( array( Database::class, 'quote_identifier' ), $merged['columns'] ) );
		$this->hint    = ' FORCE INDEX (' . Database::quote_identifier( $merged['index'] ) . ')';
	}

	/** How many rows a table has. */
	public function count( string $letter ): string {
		return "SELECT COUNT(*) FROM {$this->tables[ $letter ]}";
	}

	/** How many rows a table shares by key with another; locks them. */
	public function count_shared( string $letter, string $other ): string {
		return 'SELECT COUNT(*) FROM ' . $this->join( $letter, $other ) . ' FOR UPDATE';
	}

	/** How many of the former rows the live table still holds, byte for byte; locks them. */
	public function count_unchanged(): string {
		return 'SELECT COUNT(*) FROM ' . $this->join( 'f', 'l' ) . ' WHERE ' . $this->same() . ' FOR UPDATE';
	}

	/** The key of a former row that the live table does not hold any more. */
	public function find_changed(): string {
		return 'SELECT ' . $this->key_of( 'f' ) . " FROM {$this->tables['f']} f LEFT JOIN {$this->tables['l']} l{$this->hint} ON " . $this->same_key( 'f', 'l' )
			. ' AND ' . $this->same() . ' WHERE NOT (' . $this->first_key( 'f' ) . ' <=> ' . $this->first_key( 'l' ) . ') LIMIT 1';
	}

	/** The key of a live row in the place of a new one. */
	public function find_in_the_way(): string {
		return 'SELECT ' . $this->key_of( 'r' ) . ' FROM ' . $this->join( 'r', 'l' ) . " LEFT JOIN {$this->tables['f']} f ON " . $this->same_key( 'r', 'f' )
			. ' WHERE NOT (' . $this->first_key( 'r' ) . ' <=> ' . $this->first_key( 'f' ) . ') LIMIT 1';
	}

	/** Deletes the live rows whose key is in another table. */
	public function delete( string $letter ): string {
		return 'DELETE l FROM ' . $this->join( $letter, 'l' );
	}

	/** Copies all rows of a table into the live one. */
	public function insert( string $letter ): string {
		return "INSERT INTO {$this->tables['l']} ({$this->names}) SELECT {$this->names} FROM {$this->tables[ $letter ]}";
	}

	private function join( string $letter, string $other ): string {
		return "{$this->tables[ $letter ]} {$letter} STRAIGHT_JOIN {$this->tables[ $other ]} {$other}{$this->hint} ON " . $this->same_key( $letter, $other );
	}

	private function same_key( string $letter, string $other ): string {
		$parts = array();
		foreach ( $this->key as $name ) {
			$quoted  = Database::quote_identifier( $name );
			$parts[] = "{$other}.{$quoted} = {$letter}.{$quoted}";
		}
		return implode( ' AND ', $parts );
	}

	private function key_of( string $letter ): string {
		$parts = array();
		foreach ( $this->key as $name ) {
			$parts[] = $letter . '.' . Database::quote_identifier( $name );
		}
		return implode( ', ', $parts );
	}

	private function first_key( string $letter ): string {
		return $letter . '.' . Database::quote_identifier( $this->key[0] );
	}

	private function same(): string {
		$parts = array();
		foreach ( $this->columns as $column ) {
			$name    = Database::quote_identifier( $column->name );
			$parts[] = self::bytes( $column, 'l.' . $name ) . ' <=> ' . self::bytes( $column, 'f.' . $name );
		}
		return implode( ' AND ', $parts );
	}

	/**
	 * An expression that has the same value only for values that are the same bytes on the wire: the former ones came that way. So a zero
	 * has no sign, and a value that an enumeration does not have is an empty text.
	 */
	private static function bytes( Column $column, string $name ): string {
		switch ( $column->kind ) {
			case 'number':
			case 'float':
			case 'bit':
			case 'temporal':
				return $name;
			case 'json':
				// Two documents can be equal and print differently.
				return "CAST(CONVERT({$name} USING utf8mb4) AS BINARY)";
			case 'geometry':
				return "HEX({$name})";
			default:
				return 'vector' === $column->data_type ? "HEX({$name})" : "CAST({$name} AS BINARY)";
		}
	}
}
