<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Stream\Frame;

/**
 * Decides which frames of rows of one request are to be written. The number of a frame does not tell which rows are in it:
 * a worker that was replaced may have cut the same rows elsewhere, and its last request may still be at work. So each frame
 * says from which cursor to which it goes, and only what fits the stored place is taken for written, or for next.
 */
final class SequenceCheck {

	/**
	 * The last frame that was skipped, by table, until one of them is known to be the one the table ends with.
	 *
	 * @var array<string, array{sequence: int, cursor: string|null}>
	 */
	private $skipped = array();

	/**
	 * True for the next frame of a table, false for one that is in it already.
	 *
	 * @throws AgentError Code `agent.sequence_gap` for a frame that comes too early, `agent.table_restart` when a write was
	 *                    interrupted or the frame does not join the rows in the table.
	 */
	public function is_new( Frame $frame, string $table, TablePlace $place ): bool {
		$sequence = $frame->meta['sequence'] ?? 0;
		if ( ! is_int( $sequence ) || $sequence < 1 || $sequence > $place->sequence + 1 ) {
			throw new AgentError( 'agent.sequence_gap', TableNames::label( $table ) . ": another frame comes after {$place->sequence}", true, array( 'table' => TableNames::parts_of( $table )[0] ) );
		}
		if ( $sequence <= $place->sequence ) {
			$this->skip( $frame, $table, $place );
			return false;
		}
		if ( ControlTable::WRITING === $place->state ) {
			throw self::restart( $table, 'A write to this table was interrupted.' );
		}
		if ( self::cursor( $frame, 'from' ) !== $place->cursor ) {
			throw self::restart( $table, 'A frame begins elsewhere than where the table ends.' );
		}
		return true;
	}

	/**
	 * To be called after the last frame.
	 *
	 * @throws AgentError Code `agent.table_restart` when skipped frames do not lead to where their table stands: then
	 *                    another request has written other ones.
	 */
	public function finish(): void {
		foreach ( array_keys( $this->skipped ) as $table ) {
			throw self::restart( (string) $table, 'Another request has written this table.' );
		}
	}

	private function skip( Frame $frame, string $table, TablePlace $place ): void {
		$sequence = (int) $frame->meta['sequence'];
		$cursor   = self::cursor( $frame, 'cursor' );
		$before   = $this->skipped[ $table ] ?? null;
		if ( null !== $before && ( $before['sequence'] + 1 !== $sequence || $before['cursor'] !== self::cursor( $frame, 'from' ) ) ) {
			throw self::restart( $table, 'Repeated frames do not join.' );
		}
		if ( $sequence < $place->sequence ) {
			$this->skipped[ $table ] = array(
				'sequence' => $sequence,
				'cursor'   => $cursor,
			);
			return;
		}
		if ( $cursor !== $place->cursor ) {
			throw self::restart( $table, 'A repeated frame ends elsewhere than the table.' );
		}
		unset( $this->skipped[ $table ] );
	}

	private static function cursor( Frame $frame, string $member ): ?string {
		return isset( $frame->meta[ $member ] ) ? (string) $frame->meta[ $member ] : null;
	}

	private static function restart( string $table, string $message ): AgentError {
		return new AgentError( 'agent.table_restart', $message, true, array( 'table' => TableNames::parts_of( $table )[0] ) );
	}
}
