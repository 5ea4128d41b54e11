<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Stream\Frame;

/**
 * Decides whether a frame of rows is to be written.
 */
final class SequenceCheck {

	/**
	 * True for the next frame of a table, false for one that is in it already.
	 *
	 * @throws AgentError Code `agent.sequence_gap` for a frame that comes too early, `agent.table_restart` when a write was interrupted.
	 */
	public static function is_new( Frame $frame, string $table, TablePlace $place ): bool {
		$sequence = $frame->meta['sequence'] ?? 0;
		if ( is_int( $sequence ) && $sequence >= 1 && $sequence <= $place->sequence ) {
			return false;
		}
		if ( $sequence !== $place->sequence + 1 ) {
			throw new AgentError( 'agent.sequence_gap', "{$table}: another frame comes after {$place->sequence}", true, array( 'table' => $table ) );
		}
		if ( ControlTable::WRITING === $place->state ) {
			throw new AgentError( 'agent.table_restart', 'A write to this table was interrupted.', true, array( 'table' => $table ) );
		}
		return true;
	}
}
