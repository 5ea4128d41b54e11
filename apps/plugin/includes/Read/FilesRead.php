<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Budget;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Files\SitePath;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `files.read`: bytes of files in the order asked. A file that changes meanwhile shows it by another size or time.
 */
final class FilesRead implements Operation {

	private const PART_BYTES  = 1048576;
	private const FRAME_COSTS = 256;

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
			$stopped  = self::send( $out, $request->budget(), $absolute, $path, $offset, $compress && ! preg_match( self::PACKED, $path ) );
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

	/**
	 * Sends one file from an offset on.
	 *
	 * @return int|null Offset at which the budget ended; null when the file is done.
	 */
	private static function send( FrameWriter $out, Budget $budget, string $absolute, string $path, int $offset, bool $compress ): ?int {
		$wire   = SitePath::encode( $path );
		$error  = self::problem_of( $absolute );
		$handle = null === $error ? @fopen( $absolute, 'rb' ) : false; // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $handle || ( $offset > 0 && 0 !== fseek( $handle, $offset ) ) ) {
			self::send_problem( $out, $budget, $wire, $error ?? 'unreadable' );
			return null;
		}
		stream_set_read_buffer( $handle, 0 );
		for ( ;; ) {
			$data = self::read( $handle );
			$stat = fstat( $handle );
			$end  = $offset + strlen( $data );
			$eof  = $end >= $stat['size'];
			if ( '' === $data && ! $eof ) {
				fclose( $handle );
				self::send_problem( $out, $budget, $wire, 'unreadable' );
				return null;
			}
			$out->write(
				'F',
				array(
					'path'   => $wire,
					'offset' => $offset,
					'eof'    => $eof,
					'size'   => $stat['size'],
					'mtime'  => $stat['mtime'],
					'mode'   => $stat['mode'] & 07777,
				),
				$data,
				$compress
			);
			$budget->spend( strlen( $data ) + self::FRAME_COSTS );
			$offset = $end;
			if ( $eof ) {
				fclose( $handle );
				return null;
			}
			if ( $budget->should_stop() ) {
				fclose( $handle );
				return $offset;
			}
		}
	}

	private static function send_problem( FrameWriter $out, Budget $budget, string $wire, string $problem ): void {
		$budget->spend( self::FRAME_COSTS );
		$out->write(
			'F',
			array(
				'path'  => $wire,
				'error' => $problem,
			)
		);
	}

	/**
	 * A read of a file may be short without being the end.
	 *
	 * @param resource $handle File.
	 */
	private static function read( $handle ): string {
		$data = (string) fread( $handle, self::PART_BYTES );
		while ( strlen( $data ) < self::PART_BYTES ) {
			$more = (string) fread( $handle, self::PART_BYTES - strlen( $data ) );
			if ( '' === $more ) {
				break;
			}
			$data .= $more;
		}
		return $data;
	}

	/** `missing`, `unreadable`, or null for a file that can be read. Links are not followed. */
	private static function problem_of( string $absolute ): ?string {
		$stat = @lstat( $absolute ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $stat ) {
			return 'missing';
		}
		return 0100000 === ( $stat['mode'] & 0170000 ) ? null : 'unreadable';
	}
}
