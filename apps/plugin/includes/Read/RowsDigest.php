<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Rows\RowRanges;
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
		$ranges = RowRanges::wanted( $request );
		$budget = $request->budget();
		// Rows stay here, so that only time should end the slice.
		$budget->spend( $budget->bytes_left() - TablesChecksum::BYTES );
		list( $index, $cursor ) = RowRanges::start( $request );

		$sums  = array();
		$next  = null;
		$count = count( $ranges );
		for ( ; $index < $count; $index++, $cursor = null ) {
			if ( $sums && $budget->should_stop() ) {
				$next = array( $index, null );
				break;
			}
			$scan = RowRanges::scan( $request, $select, $ranges[ $index ], $cursor );
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
}
