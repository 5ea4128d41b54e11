<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Rows;

use Generator;
use WpCloneRestore\Agent\Budget;
use WpCloneRestore\Stream\RowPacker;
use WpCloneRestore\Support\Database;

/**
 * Reads the rows of a table from a cursor on, maybe up to another, until the budget is used up. Not buffered: only one row is in memory.
 */
final class RowScan {

	private const FIRST_BYTES  = 1048576;
	private const MAX_ROWS     = 100000;
	private const CHECK_EVERY  = 256;
	private const GROWTH       = 8;
	private const ROW_OVERHEAD = 32;

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * @var RowSelect
	 */
	private $select;

	/**
	 * @var Cursor
	 */
	private $cursor;

	/**
	 * The last place that is read; null for the table's end.
	 *
	 * @var Cursor|null
	 */
	private $upto;

	/**
	 * The row that was handed out last.
	 *
	 * @var array<int, string|null>|null
	 */
	private $last;

	/**
	 * The row before it.
	 *
	 * @var array<int, string|null>|null
	 */
	private $previous;

	/**
	 * Rows handed out.
	 *
	 * @var int
	 */
	private $rows = 0;

	/**
	 * Bytes handed out.
	 *
	 * @var int
	 */
	private $bytes = 0;

	/**
	 * @var int
	 */
	private $start_offset;

	/**
	 * @var bool
	 */
	private $done = false;

	public function __construct( Database $database, RowSelect $select, Cursor $cursor, ?Cursor $upto = null ) {
		$this->database     = $database;
		$this->select       = $select;
		$this->cursor       = $cursor;
		$this->upto         = $upto;
		$this->start_offset = $cursor->offset;
	}

	/**
	 * The rows, packed. At least one, if there is one.
	 *
	 * @return Generator<string>
	 */
	public function packed( Budget $budget ): Generator {
		$limit = $this->first_limit( $budget );
		while ( ! $this->done ) {
			$before = $this->rows;
			yield from $this->query( $limit, $budget );
			if ( $this->rows - $before < $limit || $this->done ) {
				// Fewer than asked for: either the end of the table, or stopped by the budget.
				return;
			}
			if ( $budget->should_stop() ) {
				return;
			}
			$average = max( 1, intdiv( $this->bytes, $this->rows ) );
			$limit   = max( 1, min( self::MAX_ROWS, self::GROWTH * $limit, intdiv( $budget->bytes_left(), $average ) + 1 ) );
		}
	}

	/** Place after the row handed out last. */
	public function cursor(): Cursor {
		return $this->cursor_after( $this->last, $this->rows );
	}

	/** Place after the row handed out before the last one. */
	public function cursor_before_last(): Cursor {
		return $this->cursor_after( $this->previous, $this->rows - 1 );
	}

	/** True when the last row of the table was handed out. */
	public function is_done(): bool {
		return $this->done;
	}

	/** Number of rows handed out. */
	public function rows(): int {
		return $this->rows;
	}

	/**
	 * @param array<int, string|null>|null $row  A row that was handed out.
	 * @param int                          $rows Number of rows up to it.
	 */
	private function cursor_after( ?array $row, int $rows ): Cursor {
		if ( null === $this->select->key_places ) {
			return new Cursor( null, $this->start_offset + $rows );
		}
		if ( null === $row ) {
			return $this->cursor;
		}
		$values = array();
		foreach ( $this->select->key_places as $place ) {
			$values[] = (string) $row[ $place ];
		}
		return new Cursor( $values );
	}

	private function first_limit( Budget $budget ): int {
		$average = max( self::ROW_OVERHEAD, $this->select->average_row_bytes );
		return max( 16, min( self::MAX_ROWS, intdiv( min( self::FIRST_BYTES, $budget->bytes_left() ), $average ) ) );
	}

	/**
	 * @return Generator<string>
	 */
	private function query( int $limit, Budget $budget ): Generator {
		$result = $this->database->open( $this->select->sql( $this->cursor(), $limit, $this->upto ) );
		$width  = $this->select->width;
		$floats = $this->select->single_floats;
		$extra  = null !== $this->select->key_places && max( $this->select->key_places ) >= $width;
		$count  = 0;
		for ( $row = $result->fetch_row(); is_array( $row ); $row = $result->fetch_row() ) {
			$values = $extra ? array_slice( $row, 0, $width ) : $row;
			foreach ( $floats as $place ) {
				$values[ $place ] = null === $values[ $place ] ? null : SingleFloat::shortest( $values[ $place ] );
			}
			$packed         = RowPacker::pack( $values );
			$size           = strlen( $packed );
			$this->previous = $this->last;
			$this->last     = $row;
			$this->bytes   += $size;
			++$this->rows;
			++$count;
			$budget->spend( $size );
			yield $packed;
			if ( $budget->bytes_left() <= 0 || ( 0 === $count % self::CHECK_EVERY && $budget->should_stop() ) ) {
				$this->abandon( $limit - $count );
				return;
			}
		}
		$this->database->check();
		$result->free();
		$this->done = $count < $limit;
	}

	/**
	 * The rest of an unbuffered result would have to be read to its end; ending the connection spares that. A slice ends
	 * here anyway.
	 */
	private function abandon( int $rows_left ): void {
		if ( $rows_left > 0 ) {
			$this->database->close();
		}
	}
}
