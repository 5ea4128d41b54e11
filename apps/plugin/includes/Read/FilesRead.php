<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Files\FileSender;
use WpCloneRestore\Read\Files\SitePath;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `files.read`: bytes of files in the order asked. A file that changes meanwhile shows it by another size or time.
 */
final class FilesRead implements Operation {

	/** Kinds of files that do not get smaller. */
	private const PACKED = '/\.(jpe?g|png|gif|webp|avif|heic|mp[34]|m4[av]|mov|webm|og[gv]|zip|gz|bz2|xz|zst|7z|rar|pdf|woff2?|br)$/i';

	public function name(): string {
		return 'files.read';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		clearstatcache();
		$files    = $request->items( 'files' );
		$compress = true === ( $request->args()['compress'] ?? false );
		$sender   = new FileSender( $out, $request->budget() );
		$next     = null;
		foreach ( $files as $index => $file ) {
			$path   = SitePath::decode( $file['path'] ?? null );
			$offset = $file['offset'] ?? 0;
			if ( ! is_int( $offset ) || $offset < 0 ) {
				throw AgentError::invalid_arguments( 'an offset is no number' );
			}
			// The first file always makes progress.
			if ( $index > 0 && $request->budget()->should_stop() ) {
				$next = array(
					'index'  => $index,
					'offset' => $offset,
				);
				break;
			}
			$absolute = SitePath::readable( $request->environment(), $path );
			$stopped  = $sender->send( $absolute, $path, $offset, $compress && ! preg_match( self::PACKED, $path ) );
			if ( null !== $stopped ) {
				$next = array(
					'index'  => $index,
					'offset' => $stopped,
				);
				break;
			}
		}
		$out->end( null === $next, null, null === $next ? array() : array( 'next' => $next ) );
	}
}
