<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Rows\RowRanges;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `rows.ranges`: the rows of many ranges of one table, so that what differs here and there costs few requests.
 */
final class RowsRanges implements Operation {

	public function name(): string {
		return 'rows.ranges';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$select                = RowsRead::select_of( $request );
		$ranges                = RowRanges::wanted( $request );
		$budget                = $request->budget();
		list( $index, $place ) = RowRanges::start( $request );

		$next  = null;
		$count = count( $ranges );
		for ( $first = $index; $index < $count; $index++, $place = null ) {
			if ( $index > $first && $budget->should_stop() ) {
				$next = array(
					'index'  => $index,
					'cursor' => null,
				);
				break;
			}
			$scan = RowRanges::scan( $request, $select, $ranges[ $index ], $place );
			RowsRead::write_rows( $request, $scan, $out, array( 'index' => $index ) );
			if ( ! $scan->is_done() ) {
				$next = array(
					'index'  => $index,
					'cursor' => $scan->cursor()->encode(),
				);
				break;
			}
		}
		$out->end( null === $next, null, null === $next ? array() : array( 'next' => $next ) );
	}
}
