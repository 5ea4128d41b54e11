<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Rows\Cursor;
use WpCloneRestore\Read\Rows\RowScan;
use WpCloneRestore\Read\Rows\RowSelect;
use WpCloneRestore\Read\Rows\RowSum;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `rows.digest`: sums over ranges of rows, so that a worker finds out where two sites differ without moving rows.
 *
 * Each range is a query of its own: where a range ends is decided by the server in the columns' collations, which PHP cannot do.
 */
final class RowsDigest implements Operation {

	public function name(): string {
		return 'rows.digest';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$select = RowsRead::select_of( $request );
		$ranges = array_map( array( self::class, 'range' ), $request->items( 'ranges' ) );
		$budget = $request->budget();
		// Rows stay here, so that only time should end the slice.
		$budget->spend( $budget->bytes_left() - TablesChecksum::BYTES );
		list( $index, $cursor ) = self::start( $request );

		$sums  = array();
		$next  = null;
		$count = count( $ranges );
		for ( ; $index < $count; $index++, $cursor = null ) {
			if ( $sums && $budget->should_stop() ) {
				$next = array( $index, null );
				break;
			}
			$scan = new RowScan( $request->environment()->database(), $select, $cursor ?? $ranges[ $index ]['after'] ?? new Cursor( null ), $ranges[ $index ]['upto'] );
			$sum  = new RowSum();
			foreach ( $scan->packed( $budget ) as $packed ) {
				$sum->add( $packed );
			}
			$sums[] = array(
				'index'    => $index,
				'rows'     => $scan->rows(),
				'checksum' => $sum->decimal(),
			);
			if ( ! $scan->is_done() ) {
				$next = array( $index, $scan->cursor()->encode() );
				break;
			}
		}
		$out->write_json( array( 'ranges' => $sums ) );
		$out->end( null === $next, null, null === $next ? array() : array( 'next' => array_combine( array( 'index', 'cursor' ), $next ) ) );
	}

	/**
	 * @param mixed $range Member of the argument.
	 * @return array{after: Cursor|null, upto: Cursor|null}
	 */
	private static function range( $range ): array {
		if ( ! is_array( $range ) ) {
			throw AgentError::invalid_arguments( 'a range has after and upto' );
		}
		return array(
			'after' => isset( $range['after'] ) ? Cursor::decode( $range['after'] ) : null,
			'upto'  => isset( $range['upto'] ) ? Cursor::decode( $range['upto'] ) : null,
		);
	}

	/**
	 * Where to go on.
	 *
	 * @return array{0: int, 1: Cursor|null}
	 */
	private static function start( Request $request ): array {
		$at    = $request->args()['at'] ?? null;
		$index = null === $at ? 0 : ( $at['index'] ?? null );
		if ( ! is_int( $index ) || $index < 0 ) {
			throw AgentError::invalid_arguments( 'at has an index and a cursor' );
		}
		return array( $index, isset( $at['cursor'] ) ? Cursor::decode( $at['cursor'] ) : null );
	}
}
