<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Support\Bytes;

/**
 * Makes PHP send a binary stream, and nothing but that.
 */
final class HttpResponse {

	private const MEMORY_BYTES = 268435456;

	/**
	 * Freed when the memory is used up, so that the report of that can still be made.
	 *
	 * @var string
	 */
	private $reserve = '';

	/**
	 * @var bool
	 */
	private $finished = false;

	/** Turns off what would change, cache or mix into the answer. */
	public function prepare(): void {
		foreach ( array( 'DONOTCACHEPAGE', 'DONOTCACHEDB', 'DONOTCACHEOBJECT', 'DONOTMINIFY', 'DONOTCDN' ) as $name ) {
			defined( $name ) || define( $name, true );
		}
		// phpcs:disable WordPress.PHP -- hosts forbid some of these; each is only an improvement.
		@ini_set( 'display_errors', '0' );
		@ini_set( 'html_errors', '0' );
		@ini_set( 'zlib.output_compression', '0' );
		@ignore_user_abort( true );
		if ( function_exists( 'apache_setenv' ) ) {
			@apache_setenv( 'no-gzip', '1' );
		}
		$limit = Bytes::from_ini( (string) ini_get( 'memory_limit' ) );
		if ( $limit > 0 && $limit < self::MEMORY_BYTES ) {
			// As WordPress does for wp-admin: a single row can be large.
			@ini_set( 'memory_limit', (string) self::MEMORY_BYTES );
		}
		while ( ob_get_level() > 0 && @ob_end_clean() ) {
			continue;
		}
		// phpcs:enable
		$this->reserve = str_repeat( ' ', 65536 );
	}

	/**
	 * Sends the headers of the protocol, unless they were sent.
	 */
	public function send_headers( int $status ): void {
		if ( headers_sent() ) {
			return;
		}
		header_remove();
		http_response_code( $status );
		header( 'Content-Type: application/octet-stream' );
		header( 'Content-Encoding: identity' );
		header( 'Cache-Control: no-store, private, no-transform' );
		header( 'Expires: Thu, 01 Jan 1970 00:00:00 GMT' );
		header( 'Pragma: no-cache' );
		header( 'X-LiteSpeed-Cache-Control: no-cache' );
		header( 'X-Accel-Buffering: no' );
		header( 'X-Robots-Tag: noindex' );
		header( 'X-Content-Type-Options: nosniff' );
		header( 'X-Wcr-Protocol: 1' );
	}

	/** A fatal error ends PHP without an exception: it becomes an `X` frame at shutdown. */
	public function report_fatal_errors_to( FrameWriter $out ): void {
		register_shutdown_function(
			function () use ( $out ): void {
				$this->reserve = '';
				if ( $this->finished || $out->ended() ) {
					return;
				}
				$error = error_get_last();
				while ( ob_get_level() > 0 && ob_end_clean() ) {
					continue;
				}
				$this->send_headers( 200 );
				$reason = null === $error ? 'PHP ended early' : $error['message'] . ' at ' . basename( $error['file'] ) . ':' . $error['line'];
				// Only the first line: the others are the trace, with values.
				$out->write( 'X', AgentError::failed( strtok( $reason, "\n" ) )->to_meta() );
				$out->flush();
			}
		);
	}

	/** From here on an early end is no failure. */
	public function finish(): void {
		$this->finished = true;
	}
}
