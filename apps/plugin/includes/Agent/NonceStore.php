<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

/**
 * Remembers the nonces of calls that change something, in files of the work folder: neither an object cache nor a database
 * that is just being swapped can forget them. A signed time belongs to one file, so that only this one has to be searched,
 * and files older than the time window are thrown away.
 */
final class NonceStore {

	private const FILE_SECONDS = 600;

	/**
	 * @var string
	 */
	private $dir;

	/**
	 * @param string $work_dir With a trailing slash.
	 */
	public function __construct( string $work_dir ) {
		$this->dir = $work_dir;
	}

	/**
	 * Takes a nonce; each is accepted once.
	 *
	 * @param int $time Signed time of the call, Unix seconds, inside the time window.
	 * @throws AgentError Code `agent.replayed`; `agent.failed` when the store cannot be used.
	 */
	public function take( string $nonce, int $time, int $now ): void {
		$file   = $this->dir . 'nonces-' . intdiv( $time, self::FILE_SECONDS );
		$is_new = ! is_file( $file );
		$handle = @fopen( $file, 'c+b' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $handle || ! flock( $handle, LOCK_EX ) ) {
			throw AgentError::failed( 'the work folder cannot be written' );
		}
		try {
			$this->append( $handle, $nonce );
		} finally {
			fclose( $handle );
		}
		if ( $is_new ) {
			$this->forget_before( $now - 2 * SignatureVerifier::WINDOW_SECONDS );
		}
	}

	/**
	 * @param resource $handle Locked.
	 */
	private function append( $handle, string $nonce ): void {
		$known = (string) stream_get_contents( $handle );
		if ( false !== strpos( $known, $nonce . "\n" ) ) {
			throw new AgentError( 'agent.replayed', 'This request was seen before.', true );
		}
		if ( strlen( $nonce ) + 1 !== fwrite( $handle, $nonce . "\n" ) || ! fflush( $handle ) ) {
			throw AgentError::failed( 'the work folder cannot be written' );
		}
	}

	private function forget_before( int $time ): void {
		$oldest = intdiv( $time, self::FILE_SECONDS );
		foreach ( (array) glob( $this->dir . 'nonces-*' ) as $file ) {
			if ( (int) substr( strrchr( (string) $file, '-' ), 1 ) < $oldest ) {
				@unlink( (string) $file ); // phpcs:ignore -- another request may have been first.
			}
		}
	}
}
