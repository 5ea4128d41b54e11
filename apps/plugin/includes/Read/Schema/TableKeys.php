<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Schema;

use WpCloneRestore\Support\Database;

/**
 * The indexes of a table, and which of them rows can be read by.
 */
final class TableKeys {

	/**
	 * Rows of SHOW INDEX by name of the index.
	 *
	 * @var array<string, array<int, array<string, string|null>>>
	 */
	private $indexes = array();

	/**
	 * @var array<string, Column>
	 */
	private $columns;

	/**
	 * @param array<int, array<string, string|null>> $rows    Rows of SHOW INDEX.
	 * @param array<string, Column>                  $columns Columns of the table by name.
	 */
	public function __construct( array $rows, array $columns ) {
		foreach ( $rows as $row ) {
			$this->indexes[ (string) $row['Key_name'] ][ (int) $row['Seq_in_index'] - 1 ] = $row;
		}
		$this->columns = $columns;
	}

	/**
	 * @param array<string, Column> $columns Columns of the table by name.
	 */
	public static function of_table( Database $database, string $table, array $columns ): self {
		return new self( $database->select( 'SHOW INDEX FROM ' . $database->identifier( $table ) ), $columns );
	}

	/**
	 * The columns of the key to read rows by: the primary key, or else the usable unique key with the fewest columns.
	 *
	 * @return array<int, string>|null Null when there is none.
	 */
	public function best(): ?array {
		$best = null;
		foreach ( $this->indexes as $name => $parts ) {
			if ( ! $this->is_usable( $parts ) ) {
				continue;
			}
			if ( 'PRIMARY' === $name ) {
				return self::column_names( $parts );
			}
			if ( null === $best || count( $parts ) < count( $best ) ) {
				$best = self::column_names( $parts );
			}
		}
		return $best;
	}

	/**
	 * The index with exactly these columns, if rows can be read by it.
	 *
	 * @param array<int, string> $key Columns.
	 */
	public function index_of( array $key ): ?string {
		foreach ( $this->indexes as $name => $parts ) {
			if ( self::column_names( $parts ) === $key && $this->is_usable( $parts ) ) {
				return (string) $name;
			}
		}
		return null;
	}

	/**
	 * All indexes but the primary key.
	 *
	 * @return array<int, string>
	 */
	public function secondary_names(): array {
		return array_values( array_diff( array_map( 'strval', array_keys( $this->indexes ) ), array( 'PRIMARY' ) ) );
	}

	/**
	 * @param array<int, array<string, string|null>> $parts Rows of SHOW INDEX of one index.
	 */
	private function is_usable( array $parts ): bool {
		foreach ( $parts as $part ) {
			$column = $this->columns[ (string) $part['Column_name'] ] ?? null;
			// A prefix of a value does not tell rows apart; a hash has no order; an index the optimiser ignores cannot be forced.
			$plain = '0' === $part['Non_unique'] && null === $part['Sub_part'] && 'BTREE' === $part['Index_type'];
			if ( ! $plain || 'NO' === ( $part['Visible'] ?? '' ) || 'YES' === ( $part['Ignored'] ?? '' ) ) {
				return false;
			}
			if ( null === $column || ! $column->is_usable_in_key() ) {
				return false;
			}
		}
		return true;
	}

	/**
	 * @param array<int, array<string, string|null>> $parts Rows of SHOW INDEX of one index.
	 * @return array<int, string>
	 */
	private static function column_names( array $parts ): array {
		ksort( $parts );
		return array_map( 'strval', array_column( $parts, 'Column_name' ) );
	}
}
