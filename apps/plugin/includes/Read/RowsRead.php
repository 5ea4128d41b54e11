<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Rows\Cursor;
use WpCloneRestore\Read\Rows\RowScan;
use WpCloneRestore\Read\Rows\RowSelect;
use WpCloneRestore\Stream\Frame;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Write\StagedParts;
use WpCloneRestore\Write\TableNames;

/**
 * `rows.read`: rows of one table in the order of a key, or in the table's own order.
 */
final class RowsRead implements Operation {

	private const FRAME_BYTES = 1048576;

	public function name(): string {
		return 'rows.read';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$scan = self::scan_of( $request );
		self::write_rows( $request, $scan, $out, array() );
		$out->end( $scan->is_done(), $scan->cursor()->encode(), array( 'rows' => $scan->rows() ) );
	}

	/**
	 * Writes the rows of a scan in frames, until it is done or the budget used up.
	 *
	 * @param Request              $request What asks for them.
	 * @param RowScan              $scan    The rows.
	 * @param FrameWriter          $out     Where they go.
	 * @param array<string, mixed> $meta    Said of each frame besides `rows` and `cursor`.
	 */
	public static function write_rows( Request $request, RowScan $scan, FrameWriter $out, array $meta ): void {
		$compress = true === ( $request->args()['compress'] ?? false );
		$buffer   = '';
		$rows     = 0;
		$write    = static function ( Cursor $cursor ) use ( $out, $meta, $compress, &$buffer, &$rows ): void {
			$place = array(
				'rows'   => $rows,
				'cursor' => $cursor->encode(),
			);
			$out->write( 'R', $meta + $place, $buffer, $compress );
			$out->flush();
			$buffer = '';
			$rows   = 0;
		};
		foreach ( $scan->packed( $request->budget() ) as $packed ) {
			if ( $rows > 0 && strlen( $buffer ) + strlen( $packed ) > self::FRAME_BYTES ) {
				$write( $scan->cursor_before_last() );
			}
			if ( strlen( $packed ) > Frame::MAX_DATA_BYTES ) {
				throw self::too_large( $request->text( 'table' ), strlen( $packed ) );
			}
			$buffer .= $packed;
			++$rows;
		}
		if ( $rows > 0 ) {
			$write( $scan->cursor() );
		}
	}

	/** The scan a request asks for. */
	public static function scan_of( Request $request ): RowScan {
		$args = $request->args();
		$upto = isset( $args['upto'] ) ? Cursor::decode( $args['upto'] ) : null;
		return new RowScan( $request->environment()->database(), self::select_of( $request ), Cursor::decode( $args['cursor'] ?? null ), $upto );
	}

	/** The table, columns and key a request asks for; with `session` and `part` what the session has staged of the table. */
	public static function select_of( Request $request ): RowSelect {
		$table     = $request->text( 'table' );
		$key       = isset( $request->args()['key'] ) ? $request->items( 'key' ) : null;
		$is_staged = isset( $request->args()['session'] );
		if ( $is_staged ) {
			$table = StagedParts::open( $request )->tables()->staged( $table, isset( $request->args()['part'] ) ? $request->text( 'part' ) : TableNames::ROWS );
		}
		return new RowSelect( $request->environment(), $table, $request->items( 'columns' ), $key, $is_staged );
	}

	private static function too_large( string $table, int $bytes ): AgentError {
		$detail = array(
			'table' => $table,
			'bytes' => $bytes,
		);
		return new AgentError( 'source.row_too_large', 'A row is larger than a frame can be.', false, $detail );
	}
}
