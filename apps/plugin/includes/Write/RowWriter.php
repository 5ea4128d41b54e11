<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Stream\Frame;
use WpCloneRestore\Stream\RowPacker;
use WpCloneRestore\Support\Database;

/**
 * Inserts frames of rows, each exactly once.
 */
final class RowWriter {

	/** Longer statements were slower to load (measured: 1 MiB takes 1.2 to 1.7 times as long as 256 KiB). */
	private const STATEMENT_BYTES = 262144;
	private const LOCK_SECONDS    = 20;

	/**
	 * @var Session
	 */
	private $session;

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * @var ControlTable
	 */
	private $control;

	/**
	 * @var LoadWarnings
	 */
	private $warnings;

	/**
	 * @var SequenceCheck
	 */
	private $sequence;

	/**
	 * Longest statement the server takes, in bytes.
	 *
	 * @var int
	 */
	private $max_packet;

	/**
	 * Tables this request has locked, and where they stand.
	 *
	 * @var array<string, TablePlace>
	 */
	private $places = array();

	public function __construct( Session $session, LoadWarnings $warnings ) {
		$this->session    = $session;
		$this->warnings   = $warnings;
		$this->database   = $session->database();
		$this->control    = $session->control();
		$this->sequence   = new SequenceCheck();
		$this->max_packet = (int) ( 0.9 * $this->database->max_allowed_packet() );
		// Rows of a table that was just made need no checks: the source made them, and foreign keys come after the rows.
		$this->database->exec( 'SET foreign_key_checks = 0, unique_checks = 0' );
	}

	/**
	 * Writes one `R` frame unless it is in the table already.
	 *
	 * @throws AgentError Codes `agent.sequence_gap`, `agent.table_restart`, `source.row_too_large` and those of ServerError.
	 */
	public function write( Frame $frame ): void {
		$table = self::key_of( $frame );
		$place = $this->place( $table );
		if ( ! $this->sequence->is_new( $frame, $table, $place ) ) {
			return;
		}
		try {
			$place->transactional ? $this->write_transaction( $table, $place, $frame ) : $this->write_marked( $table, $place, $frame );
		} catch ( AgentError $error ) {
			throw ServerError::explain( $error, TableNames::label( $table ) );
		}
	}

	/**
	 * To be called after the last frame.
	 *
	 * @throws AgentError Code `agent.table_restart` when frames that seemed to be in their table are not.
	 */
	public function finish(): void {
		$this->sequence->finish();
	}

	/**
	 * The last sequence of each table, or part of a merged one, that this request has written.
	 *
	 * @return array<string, int> By `TableNames::key_of()`.
	 */
	public function sequences(): array {
		return array_map(
			static function ( TablePlace $place ): int {
				return $place->sequence;
			},
			$this->places
		);
	}

	/** Where a table stands; from here on no other request writes it. */
	private function place( string $table ): TablePlace {
		if ( isset( $this->places[ $table ] ) ) {
			return $this->places[ $table ];
		}
		if ( ! $this->control->lock( $table, self::LOCK_SECONDS ) ) {
			throw AgentError::failed( TableNames::label( $table ) . ' is still being written by an earlier request' );
		}
		$place = $this->control->places( $table )[ $table ] ?? null;
		if ( null === $place ) {
			throw new AgentError( 'agent.table_restart', 'The table was not created in this session.', true, array( 'table' => TableNames::parts_of( $table )[0] ) );
		}
		$this->places[ $table ] = $place;
		return $place;
	}

	private function write_transaction( string $table, TablePlace $place, Frame $frame ): void {
		try {
			$this->commit_frame( $table, $place, $frame, false );
		} catch ( AgentError $error ) {
			if ( ! RepeatedRows::is_duplicate( $error ) && ! RepeatedRows::may_be_duplicate( $error ) ) {
				throw $error;
			}
			// Without these checks the server may put a table's first rows off until the commit, and fail them as a whole.
			$this->database->exec( 'SET unique_checks = 1' );
			$this->commit_frame( $table, $place, $frame, true );
			$this->database->exec( 'SET unique_checks = 0' );
		}
	}

	private function commit_frame( string $table, TablePlace $place, Frame $frame, bool $one_by_one ): void {
		$this->places[ $table ] = Transaction::run(
			$this->database,
			function () use ( $table, $place, $frame, $one_by_one ): TablePlace {
				$replaced = 0;
				if ( $one_by_one ) {
					$replaced = $this->insert_one_by_one( $table, $frame );
				} else {
					$this->insert( $table, $frame );
				}
				$next = self::after( $place, $frame );

				$next->rows -= $replaced;
				$this->control->store( $table, $next );
				return $next;
			}
		);
	}

	/** Without transactions a crash leaves an unknown part of the frame in the table; the mark tells. */
	private function write_marked( string $table, TablePlace $place, Frame $frame ): void {
		$place->state = ControlTable::WRITING;
		$this->control->store( $table, $place );
		$this->insert( $table, $frame );
		$next = self::after( $place, $frame );
		$this->control->store( $table, $next );
		$this->places[ $table ] = $next;
	}

	private static function after( TablePlace $place, Frame $frame ): TablePlace {
		$next            = clone $place;
		$next->sequence += 1;
		$next->rows     += (int) ( $frame->meta['rows'] ?? 0 );
		$next->cursor    = isset( $frame->meta['cursor'] ) ? (string) $frame->meta['cursor'] : null;
		$next->state     = ControlTable::IDLE;
		return $next;
	}

	/** Inserts the frame's rows, many in a statement. */
	private function insert( string $table, Frame $frame ): void {
		$columns  = self::columns( $frame );
		$literals = new Literals( $this->database->connection(), array_column( $columns, 'kind' ) );
		$head     = $this->head( $table, $columns );
		$limit    = min( self::STATEMENT_BYTES, $this->max_packet );
		$sql      = '';
		foreach ( RowPacker::unpack( $frame->data, count( $columns ) ) as $row ) {
			$tuple = $literals->tuple( $row );
			if ( strlen( $head ) + strlen( $tuple ) > $this->max_packet ) {
				throw new AgentError(
					'source.row_too_large',
					'A row does not fit into a statement.',
					false,
					array(
						'table' => TableNames::parts_of( $table )[0],
						'bytes' => strlen( $tuple ),
					)
				);
			}
			if ( '' !== $sql && strlen( $sql ) + strlen( $tuple ) >= $limit ) {
				$this->load( $sql, $table );
				$sql = '';
			}
			$sql .= '' === $sql ? $head . $tuple : ',' . $tuple;
		}
		if ( '' !== $sql ) {
			$this->load( $sql, $table );
		}
	}

	/** Inserts the frame's rows, some of which came again; answers how many earlier ones gave way. */
	private function insert_one_by_one( string $table, Frame $frame ): int {
		$columns  = self::columns( $frame );
		$literals = new Literals( $this->database->connection(), array_column( $columns, 'kind' ) );
		$head     = $this->head( $table, $columns );
		$repeated = new RepeatedRows( $this->database, $this->session->tables()->target( $table ), TableNames::label( $table ), $columns );
		$replaced = 0;
		foreach ( RowPacker::unpack( $frame->data, count( $columns ) ) as $row ) {
			$replaced += $repeated->insert( $head . $literals->tuple( $row ), $row );
			$this->warnings->collect( $this->database, TableNames::label( $table ) );
		}
		return $replaced;
	}

	/**
	 * An INSERT up to its first row.
	 *
	 * @param array<int, array{name: string, kind: string}> $columns Columns of the rows.
	 */
	private function head( string $table, array $columns ): string {
		$names = array_map( array( Database::class, 'quote_identifier' ), array_column( $columns, 'name' ) );
		return 'INSERT INTO ' . Database::quote_identifier( $this->session->tables()->target( $table ) ) . ' (' . implode( ',', $names ) . ') VALUES ';
	}

	/**
	 * Runs an INSERT.
	 *
	 * @throws AgentError Any failure; code `agent.table_restart` where a row came again and a part of the statement may have been done.
	 */
	private function load( string $sql, string $table ): void {
		try {
			$this->database->exec( $sql );
		} catch ( AgentError $error ) {
			if ( self::came_again( $error ) && ! $this->places[ $table ]->transactional ) {
				throw new AgentError( 'agent.table_restart', 'A row came again under another key.', true, array( 'table' => TableNames::parts_of( $table )[0] ), $error );
			}
			throw $error;
		}
		$this->warnings->collect( $this->database, TableNames::label( $table ) );
	}

	/** True for a duplicate in another key than the primary one, by which rows are read. */
	private static function came_again( AgentError $error ): bool {
		return RepeatedRows::is_duplicate( $error ) && ! preg_match( "/for key '(?:[^']*\\.)?PRIMARY'/", $error->getMessage() );
	}

	/**
	 * @return array<int, array{name: string, kind: string}>
	 */
	private static function columns( Frame $frame ): array {
		$columns = $frame->meta['columns'] ?? null;
		if ( ! is_array( $columns ) || ! $columns ) {
			throw AgentError::invalid_arguments( 'rows without columns' );
		}
		foreach ( $columns as $column ) {
			if ( ! is_array( $column ) || ! is_string( $column['name'] ?? null ) || ! is_string( $column['kind'] ?? null ) ) {
				throw AgentError::invalid_arguments( 'a column needs a name and a kind' );
			}
		}
		return array_values( $columns );
	}

	/** The table of a frame, and its part where rows are merged. */
	private static function key_of( Frame $frame ): string {
		$name = self::text( $frame, 'table' );
		$part = $frame->meta['part'] ?? TableNames::ROWS;
		if ( ! in_array( $part, array( TableNames::ROWS, TableNames::FORMER ), true ) ) {
			throw AgentError::invalid_arguments( 'a part is rows or former' );
		}
		return TableNames::key_of( $name, $part );
	}

	private static function text( Frame $frame, string $member ): string {
		$value = $frame->meta[ $member ] ?? null;
		if ( ! is_string( $value ) ) {
			throw AgentError::invalid_arguments( 'a frame without ' . $member );
		}
		return $value;
	}
}
