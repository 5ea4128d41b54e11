<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Schema;

use WpCloneRestore\Support\Database;

/**
 * One column of a table.
 */
final class Column {

	private const KINDS = array(
		'number'   => 'tinyint smallint mediumint int integer bigint decimal numeric',
		'float'    => 'float double real',
		'bit'      => 'bit',
		'binary'   => 'binary varbinary tinyblob blob mediumblob longblob vector',
		'temporal' => 'date time datetime timestamp year',
		'json'     => 'json',
		'geometry' => 'geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection',
	);

	/**
	 * @var string
	 */
	public $name;

	/**
	 * Full type as the server prints it.
	 *
	 * @var string
	 */
	public $type;

	/**
	 * Name of the type, lower case.
	 *
	 * @var string
	 */
	public $data_type;

	/**
	 * A kind of the protocol.
	 *
	 * @var string
	 */
	public $kind;

	/**
	 * @var string|null
	 */
	public $charset;

	/**
	 * @var bool
	 */
	public $nullable;

	/**
	 * @var bool
	 */
	public $generated;

	/**
	 * @param array<string, string|null> $row Row of information_schema.COLUMNS.
	 */
	public function __construct( array $row ) {
		$this->name      = (string) $row['COLUMN_NAME'];
		$this->type      = (string) $row['COLUMN_TYPE'];
		$this->data_type = strtolower( (string) $row['DATA_TYPE'] );
		$this->kind      = self::kind_of( $this->data_type );
		$this->charset   = 'text' === $this->kind ? ( $row['CHARACTER_SET_NAME'] ?? 'ascii' ) : null;
		$this->nullable  = 'YES' === $row['IS_NULLABLE'];
		// Not `DEFAULT_GENERATED`, which is MySQL's mark of a default that is an expression.
		$this->generated = (bool) preg_match( '/\b(VIRTUAL|STORED|PERSISTENT)\b/i', (string) $row['EXTRA'] );
	}

	/**
	 * The columns of one table in their order.
	 *
	 * @return array<string, self> By name.
	 */
	public static function of_table( Database $database, string $table ): array {
		$columns = array();
		$sql     = 'SELECT COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, CHARACTER_SET_NAME, IS_NULLABLE, EXTRA, TABLE_NAME FROM information_schema.COLUMNS'
			. ' WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ' . $database->quote( $table ) . ' ORDER BY ORDINAL_POSITION';
		foreach ( $database->select( $sql ) as $row ) {
			// The comparison ignores case where names do not.
			if ( $row['TABLE_NAME'] === $table ) {
				$columns[ (string) $row['COLUMN_NAME'] ] = new self( $row );
			}
		}
		return $columns;
	}

	/** Types that are not listed print as text: enum, set, uuid, inet6 and what may come. */
	public static function kind_of( string $data_type ): string {
		foreach ( self::KINDS as $kind => $types ) {
			if ( in_array( $data_type, explode( ' ', $types ), true ) ) {
				return $kind;
			}
		}
		return 'text';
	}

	/** Values of these types are sorted by their number, not by their text. */
	public function is_enumeration(): bool {
		return 'enum' === $this->data_type || 'set' === $this->data_type;
	}

	/** Whether rows can be read in the order of this column, each exactly once. */
	public function is_usable_in_key(): bool {
		if ( $this->nullable || $this->generated ) {
			return false;
		}
		if ( 'text' === $this->kind ) {
			return in_array( $this->data_type, array( 'char', 'varchar', 'enum', 'set', 'tinytext', 'text', 'mediumtext', 'longtext' ), true );
		}
		return in_array( $this->kind, array( 'number', 'bit', 'binary', 'temporal' ), true );
	}

	/**
	 * @return array<string, mixed> As in the contract.
	 */
	public function to_answer(): array {
		return array(
			'name'      => $this->name,
			'type'      => $this->type,
			'kind'      => $this->kind,
			'charset'   => $this->charset,
			'nullable'  => $this->nullable,
			'generated' => $this->generated,
		);
	}
}
