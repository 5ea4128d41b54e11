<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Files\SitePath;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `files.hash`: MD5 of whole files, to see which changed.
 */
final class FilesHash implements Operation {

	public function name(): string {
		return 'files.hash';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		clearstatcache();
		$hashes = array();
		$next   = null;
		$budget = $request->budget();
		foreach ( $request->items( 'files' ) as $index => $wire ) {
			// Hashing sends next to nothing, so that only time ends a slice.
			if ( $index > 0 && 0.0 === $budget->seconds_left() ) {
				$next = array( 'index' => $index );
				break;
			}
			$path     = SitePath::decode( $wire );
			$hashes[] = self::hash( SitePath::readable( $request->environment(), $path ), $path );
		}
		$out->write_json( array( 'hashes' => $hashes ) );
		$out->end( null === $next, null, null === $next ? array() : array( 'next' => $next ) );
	}

	/**
	 * @return array<string, int|string>
	 */
	private static function hash( string $absolute, string $path ): array {
		$wire = SitePath::encode( $path );
		$stat = @lstat( $absolute ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $stat || 0100000 !== ( $stat['mode'] & 0170000 ) ) {
			return array(
				'path'  => $wire,
				'error' => false === $stat ? 'missing' : 'unreadable',
			);
		}
		$md5 = @md5_file( $absolute ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $md5 ) {
			return array(
				'path'  => $wire,
				'error' => 'unreadable',
			);
		}
		return array(
			'path'  => $wire,
			'size'  => $stat['size'],
			'mtime' => $stat['mtime'],
			'md5'   => $md5,
		);
	}
}
