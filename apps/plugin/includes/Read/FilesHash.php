<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Files\SitePath;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Write\StagedParts;

/**
 * `files.hash`: MD5 or CRC-32 of whole files, to see which changed; with a session, of those that it has staged. A file is hashed
 * without a break: PHP cannot put a hash aside, and reads a gigabyte in seconds.
 */
final class FilesHash implements Operation {

	/** The answer's member is called like the algorithm. */
	private const ALGORITHMS = array( 'md5', 'crc32b' );

	public function name(): string {
		return 'files.hash';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		clearstatcache();
		$algorithm = $request->args()['algorithm'] ?? 'md5';
		if ( ! in_array( $algorithm, self::ALGORITHMS, true ) ) {
			throw AgentError::invalid_arguments( 'the algorithm is md5 or crc32b' );
		}
		$session = isset( $request->args()['session'] ) ? StagedParts::open( $request ) : null;
		$hashes  = array();
		$next   = null;
		$budget = $request->budget();
		foreach ( $request->items( 'files' ) as $index => $wire ) {
			// Hashing sends next to nothing, so that only time ends a slice.
			if ( $index > 0 && 0.0 === $budget->seconds_left() ) {
				$next = array( 'index' => $index );
				break;
			}
			$path     = SitePath::decode( $wire );
			$absolute = null === $session ? SitePath::readable( $request->environment(), $path ) : StagedParts::file( $session, $path );
			$hashes[] = self::hash( $algorithm, $absolute, $path );
		}
		$out->write_json( array( 'hashes' => $hashes ) );
		$out->end( null === $next, null, null === $next ? array() : array( 'next' => $next ) );
	}

	/**
	 * @return array<string, int|string>
	 */
	private static function hash( string $algorithm, string $absolute, string $path ): array {
		$wire = SitePath::encode( $path );
		$stat = @lstat( $absolute ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $stat || 0100000 !== ( $stat['mode'] & 0170000 ) ) {
			return array(
				'path'  => $wire,
				'error' => false === $stat ? 'missing' : 'unreadable',
			);
		}
		$hash = @hash_file( $algorithm, $absolute ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $hash ) {
			return array(
				'path'  => $wire,
				'error' => 'unreadable',
			);
		}
		return array(
			'path'     => $wire,
			'size'     => $stat['size'],
			'mtime'    => $stat['mtime'],
			$algorithm => $hash,
		);
	}
}
