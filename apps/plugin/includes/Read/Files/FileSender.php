<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Files;

use WpCloneRestore\Agent\Budget;
use WpCloneRestore\Stream\FrameWriter;

/**
 * Sends the bytes of files as `F` frames.
 */
final class FileSender {

	private const PART_BYTES  = 1048576;
	private const FRAME_COSTS = 256;

	/**
	 * @var FrameWriter
	 */
	private $out;

	/**
	 * @var Budget
	 */
	private $budget;

	public function __construct( FrameWriter $out, Budget $budget ) {
		$this->out    = $out;
		$this->budget = $budget;
	}

	/**
	 * Sends one file from an offset on.
	 *
	 * @return int|null Offset at which the budget ended; null when the file is done.
	 */
	public function send( string $absolute, string $path, int $offset, bool $compress ): ?int {
		$wire   = SitePath::encode( $path );
		$error  = self::problem_of( $absolute );
		$handle = null === $error ? @fopen( $absolute, 'rb' ) : false; // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $handle || ( $offset > 0 && 0 !== fseek( $handle, $offset ) ) ) {
			$this->send_problem( $wire, $error ?? 'unreadable' );
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
				$this->send_problem( $wire, 'unreadable' );
				return null;
			}
			$this->out->write(
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
			$this->budget->spend( strlen( $data ) + self::FRAME_COSTS );
			$offset = $end;
			if ( $eof ) {
				fclose( $handle );
				return null;
			}
			if ( $this->budget->should_stop() ) {
				fclose( $handle );
				return $offset;
			}
		}
	}

	private function send_problem( string $wire, string $problem ): void {
		$this->budget->spend( self::FRAME_COSTS );
		$this->out->write(
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
