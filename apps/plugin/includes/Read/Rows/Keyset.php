<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Rows;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Read\Schema\Column;

/**
 * The conditions "comes after these values" and "comes up to these values" in the order of a key, and that order.
 */
final class Keyset {

	/**
	 * @var array<int, Column>
	 */
	private $columns;

	/**
	 * @param array<int, Column> $columns Columns of the key.
	 */
	public function __construct( array $columns ) {
		$this->columns = $columns;
	}

	/** For ORDER BY. The index has just this order, so that the server needs no sorting. */
	public function order(): string {
		$order = array();
		foreach ( $this->columns as $column ) {
			$order[] = RowSelect::quoted( $column );
		}
		return implode( ', ', $order );
	}

	/**
	 * What must be selected to tell the place of a row: the number of an enumeration's value, since that is its order.
	 *
	 * @return array<int, string>
	 */
	public function expressions(): array {
		$expressions = array();
		foreach ( $this->columns as $column ) {
			$expressions[] = self::expression( $column );
		}
		return $expressions;
	}

	/**
	 * For WHERE: `(a > 1) OR (a = 1 AND b > 2)`. Each comparison is made in the column's own collation.
	 *
	 * @param array<int, string> $values Values of the last row that was read.
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public function after( array $values ): string {
		return $this->beside( $values, '>', false );
	}

	/**
	 * For WHERE: `(a < 1) OR (a = 1 AND b <= 2)`.
	 *
	 * @param array<int, string> $values Values of the last row that is wanted.
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public function up_to( array $values ): string {
		return $this->beside( $values, '<', true );
	}

	/**
	 * @param array<int, string> $values   Values of the key's columns.
	 * @param string             $operator `>` or `<`.
	 */
	private function beside( array $values, string $operator, bool $inclusive ): string {
		if ( count( $values ) !== count( $this->columns ) ) {
			throw AgentError::invalid_arguments( 'the cursor belongs to another key' );
		}
		$equal        = array();
		$alternatives = array();
		$last         = count( $this->columns ) - 1;
		foreach ( $this->columns as $at => $column ) {
			$literal        = self::literal( $column, $values[ $at ] );
			$parts          = $equal;
			$parts[]        = self::expression( $column ) . ' ' . $operator . ( $inclusive && $at === $last ? '= ' : ' ' ) . $literal;
			$alternatives[] = '(' . implode( ' AND ', $parts ) . ')';
			$equal[]        = self::expression( $column ) . ' = ' . $literal;
		}
		if ( 1 === count( $alternatives ) ) {
			return $alternatives[0];
		}
		// Implied by the rest; spares simple optimisers from walking the index from its beginning.
		$bound = self::expression( $this->columns[0] ) . ' ' . $operator . '= ' . self::literal( $this->columns[0], $values[0] );
		return $bound . ' AND (' . implode( ' OR ', $alternatives ) . ')';
	}

	private static function expression( Column $column ): string {
		$name = RowSelect::quoted( $column );
		if ( $column->is_enumeration() ) {
			return '(' . $name . '+0)';
		}
		return 'bit' === $column->kind ? 'CAST(' . $name . ' AS UNSIGNED)' : $name;
	}

	private static function literal( Column $column, string $value ): string {
		if ( $column->is_enumeration() || 'number' === $column->kind || 'bit' === $column->kind ) {
			if ( ! preg_match( '/^-?\d+(\.\d+)?$/D', $value ) ) {
				throw AgentError::invalid_arguments( 'the cursor belongs to another key' );
			}
			return $value;
		}
		if ( 'temporal' === $column->kind ) {
			if ( ! preg_match( '/^[-0-9:. ]{1,32}$/D', $value ) ) {
				throw AgentError::invalid_arguments( 'the cursor belongs to another key' );
			}
			return "'" . $value . "'";
		}
		$hex = "x'" . bin2hex( $value ) . "'";
		// The introducer makes it a text, whose weaker collation yields to the column's.
		return 'text' === $column->kind ? '_' . $column->charset . ' ' . $hex : $hex;
	}
}
