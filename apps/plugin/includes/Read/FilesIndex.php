<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Files\SitePath;
use WpCloneRestore\Read\Files\TreeWalk;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `files.index`: the site's files and folders. The cursor is the path that was listed last.
 */
final class FilesIndex implements Operation {

	private const FRAME_BYTES = 262144;
	private const CHECK_EVERY = 64;

	/** More would not fit into the description of the `E` frame. */
	private const MAX_SKIPPED = 1000;

	public function name(): string {
		return 'files.index';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		clearstatcache();
		$budget  = $request->budget();
		$cursor  = $request->args()['cursor'] ?? null;
		$last    = null === $cursor ? '' : SitePath::decode( $cursor );
		$walk    = new TreeWalk( $request->environment() );
		$skipped = array();
		$buffer  = '';
		$count   = 0;
		$total   = 0;
		$done    = true;
		foreach ( $walk->entries( $last ) as $path => $entry ) {
			$buffer .= $entry;
			$last    = (string) $path;
			++$count;
			++$total;
			$budget->spend( strlen( $entry ) );
			if ( strlen( $buffer ) > self::FRAME_BYTES ) {
				$out->write( 'I', array( 'count' => $count ), $buffer );
				$buffer = '';
				$count  = 0;
			}
			if ( 0 === $total % self::CHECK_EVERY || $budget->bytes_left() <= 0 ) {
				$skipped = array_merge( $skipped, $walk->take_skipped() );
				if ( count( $skipped ) > self::MAX_SKIPPED || $budget->should_stop() ) {
					$done = false;
					break;
				}
			}
		}
		if ( $count > 0 ) {
			$out->write( 'I', array( 'count' => $count ), $buffer );
		}
		$skipped = array_merge( $skipped, $walk->take_skipped() );
		$out->end( $done, $done ? null : SitePath::encode( $last ), array( 'skipped' => array_map( array( self::class, 'skipped' ), $skipped ) ) );
	}

	/**
	 * @param array{path: string, reason: string} $entry What was skipped.
	 * @return array{path: string, reason: string}
	 */
	private static function skipped( array $entry ): array {
		return array(
			'path'   => SitePath::encode( $entry['path'] ),
			'reason' => $entry['reason'],
		);
	}
}
