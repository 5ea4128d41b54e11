<?php

declare(strict_types=1);

namespace WpCloneRestore\Stream;

use Generator;
use WpCloneRestore\Agent\AgentError;

/**
 * Packed entries of a file index; see docs/protocol.md.
 */
final class IndexPacker {

	private const HEAD_BYTES = 19;

	/**
	 * @param string $kind 'f' file, 'd' directory or 'l' symbolic link.
	 */
	public static function pack( string $kind, int $mode, int $mtime, int $size, string $path, string $target = '' ): string {
		// A time before 1970 or after 2106 does not fit the field.
		$mtime = max( 0, min( 0xFFFFFFFF, $mtime ) );
		return $kind . pack( 'nNJnn', $mode & 0xFFFF, $mtime, $size, strlen( $path ), strlen( $target ) ) . $path . $target;
	}

	/**
	 * @return Generator<array{kind: string, mode: int, mtime: int, size: int, path: string, target: string}>
	 * @throws AgentError Code `agent.malformed` when the data does not consist of whole entries.
	 */
	public static function unpack( string $data ): Generator {
		$at  = 0;
		$end = strlen( $data );
		while ( $at < $end ) {
			if ( $at + self::HEAD_BYTES > $end ) {
				throw AgentError::malformed( 'an index entry is cut off' );
			}
			$entry = unpack( 'a1kind/nmode/Nmtime/Jsize/npath/ntarget', $data, $at );
			$at   += self::HEAD_BYTES;
			$next  = $at + $entry['path'] + $entry['target'];
			if ( $next > $end ) {
				throw AgentError::malformed( 'an index entry is cut off' );
			}
			$target          = (string) substr( $data, $at + $entry['path'], $entry['target'] );
			$entry['path']   = (string) substr( $data, $at, $entry['path'] );
			$entry['target'] = $target;
			$at              = $next;
			yield $entry;
		}
	}
}
