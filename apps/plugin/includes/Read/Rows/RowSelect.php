<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Rows;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Read\Schema\Column;
use WpCloneRestore\Read\Schema\SiteTables;
use WpCloneRestore\Read\Schema\TableKeys;
use WpCloneRestore\Support\Database;
use WpCloneRestore\Support\OwnOptions;

/**
 * The statements that read a table piece by piece.
 */
final class RowSelect {

	/**
	 * Number of columns that were asked for; further values of a row tell its place.
	 *
	 * @var int
	 */
	public $width;

	/**
	 * Places of columns whose floats have single precision.
	 *
	 * @var array<int, int>
	 */
	public $single_floats = array();

	/**
	 * Places of the key's values in a row; null when there is no key.
	 *
	 * @var array<int, int>|null
	 */
	public $key_places;

	/**
	 * The server's estimate.
	 *
	 * @var int
	 */
	public $average_row_bytes;

	/**
	 * @var string
	 */
	private $select;

	/**
	 * @var string
	 */
	private $hint;

	/**
	 * @var string
	 */
	private $filter;

	/**
	 * @var Keyset|null
	 */
	private $keyset;

	/**
	 * @param array<int, mixed>      $names  Columns to read.
	 * @param array<int, mixed>|null $key    Columns of the key to read by.
	 * @param bool                   $staged Whether the table is one of a session's own, which are none of the site.
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public function __construct( Environment $environment, string $table, array $names, ?array $key, bool $staged = false ) {
		$database = $environment->database();
		$site     = $staged ? null : SiteTables::of_environment( $environment );
		if ( null !== $site && ! isset( $site->tables[ $table ] ) ) {
			throw AgentError::invalid_arguments( 'the table is not one of the site' );
		}
		$this->average_row_bytes = null === $site ? 0 : (int) $site->tables[ $table ]['AVG_ROW_LENGTH'];

		$columns      = Column::of_table( $database, $table );
		$keys         = TableKeys::of_table( $database, $table, $columns );
		$this->filter = $staged ? '' : self::filter_for( $columns, $environment->prefix(), $table );
		$expressions  = $this->expressions( $columns, $names );
		$this->width  = count( $expressions );
		if ( null === $key ) {
			$this->hint = self::ignore_hint( $database, $keys );
		} else {
			$this->use_key( $database, $keys, $columns, array_map( 'strval', array_values( $key ) ) );
			$expressions = array_merge( $expressions, $this->key_expressions( $names, $key ) );
		}
		$this->select = 'SELECT ' . implode( ', ', $expressions ) . ' FROM ' . $database->identifier( $table ) . $this->hint;
	}

	/**
	 * The statement for at most this many rows from a place on, up to and including another.
	 *
	 * @throws AgentError Code `agent.invalid_arguments` for places of another key.
	 */
	public function sql( Cursor $cursor, int $limit, ?Cursor $upto = null ): string {
		if ( null !== $upto && ( null === $this->keyset || null === $upto->after ) ) {
			throw AgentError::invalid_arguments( 'upto needs a key' );
		}
		$after = $this->keyset && null !== $cursor->after ? $this->keyset->after( $cursor->after ) : '';
		$where = array_filter( array( $this->filter, $after, null === $upto ? '' : $this->keyset->up_to( $upto->after ) ) );
		$sql   = $this->select . ( $where ? ' WHERE (' . implode( ') AND (', $where ) . ')' : '' );
		if ( $this->keyset ) {
			return $sql . ' ORDER BY ' . $this->keyset->order() . ' LIMIT ' . $limit;
		}
		return $sql . ' LIMIT ' . $limit . ' OFFSET ' . $cursor->offset;
	}

	public static function quoted( Column $column ): string {
		return Database::quote_identifier( $column->name );
	}

	/**
	 * @param array<string, Column> $columns Columns of the table.
	 * @param array<int, mixed>     $names   Columns to read.
	 * @return array<int, string>
	 */
	private function expressions( array $columns, array $names ): array {
		$expressions = array();
		foreach ( $names as $at => $name ) {
			$column = is_string( $name ) ? ( $columns[ $name ] ?? null ) : null;
			if ( null === $column ) {
				throw AgentError::invalid_arguments( 'the table has no such column' );
			}
			$expressions[] = self::value_of( $column );
			if ( 'float' === $column->data_type ) {
				$this->single_floats[] = $at;
			}
		}
		if ( ! $expressions ) {
			throw AgentError::invalid_arguments( 'no columns are asked for' );
		}
		return $expressions;
	}

	private static function value_of( Column $column ): string {
		$name = self::quoted( $column );
		if ( 'bit' === $column->kind ) {
			return 'CAST(' . $name . ' AS UNSIGNED)';
		}
		// The server prints a float with six digits, or as many as its type says; as a double it prints all that count.
		return 'float' === $column->kind ? '(' . $name . '+0e0)' : $name;
	}

	/**
	 * @param array<string, Column> $columns Columns of the table.
	 * @param array<int, string>    $key     Columns of the key.
	 */
	private function use_key( Database $database, TableKeys $keys, array $columns, array $key ): void {
		$index = $keys->index_of( $key );
		if ( null === $index ) {
			throw AgentError::invalid_arguments( 'the table has no such key' );
		}
		$this->hint   = ' FORCE INDEX (' . $database->identifier( $index ) . ')';
		$this->keyset = new Keyset(
			array_map(
				static function ( string $name ) use ( $columns ): Column {
					return $columns[ $name ];
				},
				$key
			)
		);
	}

	/**
	 * Values of the key that are not among the values anyway.
	 *
	 * @param array<int, mixed> $names Columns to read.
	 * @param array<int, mixed> $key   Columns of the key.
	 * @return array<int, string>
	 */
	private function key_expressions( array $names, array $key ): array {
		$more             = array();
		$this->key_places = array();
		foreach ( $this->keyset->expressions() as $at => $expression ) {
			$place    = array_search( $key[ $at ], $names, true );
			$is_plain = '`' === $expression[0];
			if ( false === $place || ! $is_plain ) {
				$place  = $this->width + count( $more );
				$more[] = $expression;
			}
			$this->key_places[] = (int) $place;
		}
		return $more;
	}

	/** A secondary index that happens to cover the columns has another order than the table. */
	private static function ignore_hint( Database $database, TableKeys $keys ): string {
		$names = array_map( array( $database, 'identifier' ), $keys->secondary_names() );
		return $names ? ' IGNORE INDEX (' . implode( ', ', $names ) . ')' : '';
	}

	/**
	 * The agent's own options are secrets of this site (its pairing key is one of them): they are never read out.
	 *
	 * @param array<string, Column> $columns Columns of the table.
	 */
	private static function filter_for( array $columns, string $prefix, string $table ): string {
		$is_options = preg_match( '/^' . preg_quote( $prefix, '/' ) . '(\d+_)?options$/Di', $table );
		if ( ! $is_options || ! isset( $columns['option_name'] ) ) {
			return '';
		}
		return "LEFT(option_name, 4) <> _ascii '" . OwnOptions::PREFIX . "'";
	}
}
