<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Stream\FrameReader;

/**
 * One signed call as it came in, not verified yet.
 */
final class HttpCall {

	/**
	 * Bodies up to this length are hashed whole by OpenSSL, which uses the processor's own SHA instructions: several times
	 * faster than PHP's hash.
	 */
	private const MAX_WHOLE_BYTES = 16777216;

	/**
	 * @var array<string, string>
	 */
	private $headers;

	/**
	 * The body, seekable.
	 *
	 * @var resource
	 */
	private $body;

	/**
	 * The body in memory, once it was read there.
	 *
	 * @var string|null
	 */
	private $whole;

	/**
	 * Length of the body that was announced; 0 when none was.
	 *
	 * @var int
	 */
	private $announced_bytes;

	/**
	 * @param array<string, string> $headers Values of X-Wcr-… headers by lower-case name without `x-wcr-`.
	 * @param resource              $body    Seekable.
	 */
	public function __construct( array $headers, $body, int $announced_bytes = 0 ) {
		$this->headers         = $headers;
		$this->body            = $body;
		$this->announced_bytes = $announced_bytes;
	}

	/** The call of the current request. */
	public static function from_globals(): self {
		$headers = array();
		foreach ( array( 'operation', 'key-id', 'time', 'nonce', 'signature' ) as $name ) {
			$value            = $_SERVER[ 'HTTP_X_WCR_' . strtoupper( str_replace( '-', '_', $name ) ) ] ?? ''; // phpcs:ignore WordPress.Security -- verified by the signature.
			$headers[ $name ] = is_string( $value ) ? stripslashes( $value ) : '';
		}
		return new self( $headers, fopen( 'php://input', 'rb' ), (int) ( $_SERVER['CONTENT_LENGTH'] ?? 0 ) );
	}

	public function header( string $name ): string {
		return $this->headers[ $name ] ?? '';
	}

	public function operation(): string {
		return $this->header( 'operation' );
	}

	public function announced_bytes(): int {
		return $this->announced_bytes;
	}

	/**
	 * The body from its beginning.
	 *
	 * @return resource
	 */
	public function body() {
		rewind( $this->body );
		return $this->body;
	}

	/** A reader of the body's frames, from its beginning. */
	public function frames(): FrameReader {
		return null === $this->whole ? new FrameReader( $this->body() ) : FrameReader::from_string( $this->whole );
	}

	/** The body if it is short enough for the memory; what a stranger announces is not believed. */
	private function whole(): ?string {
		if ( null === $this->whole && $this->announced_bytes <= self::MAX_WHOLE_BYTES ) {
			$start       = (string) stream_get_contents( $this->body(), self::MAX_WHOLE_BYTES + 1 );
			$this->whole = strlen( $start ) <= self::MAX_WHOLE_BYTES ? $start : null;
		}
		return $this->whole;
	}

	/** SHA-256 of the body, read as a stream. */
	public function body_hash(): string {
		$whole = function_exists( 'openssl_digest' ) ? $this->whole() : null;
		if ( null !== $whole ) {
			return (string) openssl_digest( $whole, 'sha256' );
		}
		$context = hash_init( 'sha256' );
		hash_update_stream( $context, $this->body() );
		return hash_final( $context );
	}
}
