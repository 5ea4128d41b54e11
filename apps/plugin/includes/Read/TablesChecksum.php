<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Rows\RowSum;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `tables.checksum`: a sum over rows that does not depend on their order.
 */
final class TablesChecksum implements Operation {

	/** Rows stay here, so that only time should end the slice. */
	public const BYTES = 268435456;

	public function name(): string {
		return 'tables.checksum';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$scan   = RowsRead::scan_of( $request );
		$sum    = new RowSum();
		$budget = $request->budget();
		$budget->spend( $budget->bytes_left() - self::BYTES );
		$limit = $request->args()['rows'] ?? null;
		foreach ( $scan->packed( $budget ) as $packed ) {
			$sum->add( $packed );
			if ( $scan->rows() === $limit ) {
				$budget->spend( $budget->bytes_left() );
			}
		}
		$out->write_json(
			array(
				'rows'     => $scan->rows(),
				'checksum' => $sum->decimal(),
			)
		);
		$out->end( $scan->is_done() || $scan->rows() === $limit, $scan->cursor()->encode() );
	}
}
