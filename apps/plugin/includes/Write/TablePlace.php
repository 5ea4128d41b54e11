<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

/**
 * How far one table is written.
 */
final class TablePlace {

	/**
	 * Sequence of the last frame that is in the table; 0 for none.
	 *
	 * @var int
	 */
	public $sequence;

	/**
	 * Rows in the table so far.
	 *
	 * @var int
	 */
	public $rows;

	/**
	 * Where the source goes on reading.
	 *
	 * @var string|null
	 */
	public $cursor;

	/**
	 * `ControlTable::WRITING` while a frame is being written to a table without transactions.
	 *
	 * @var string
	 */
	public $state;

	/**
	 * @var bool
	 */
	public $transactional;

	/**
	 * @param array<string, string|null> $row Row of the control table.
	 */
	public function __construct( array $row ) {
		$this->sequence      = (int) $row['sequence'];
		$this->rows          = (int) $row['row_count'];
		$this->cursor        = $row['next_cursor'];
		$this->state         = (string) $row['state'];
		$this->transactional = '1' === $row['transactional'];
	}
}
