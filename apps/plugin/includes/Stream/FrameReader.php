<?php

declare(strict_types=1);

namespace WpCloneRestore\Stream;

use Generator;
use WpCloneRestore\Agent\AgentError;

/**
 * Reads the frames of one message, one at a time, from a stream.
 */
final class FrameReader {

	/**
	 * The message as a stream; null for one in memory.
	 *
	 * @var resource|null
	 */
	private $stream;

	/**
	 * The message in memory.
	 *
	 * @var string
	 */
	private $message = '';

	/**
	 * Where reading stands in a message in memory.
	 *
	 * @var int
	 */
	private $at = 0;

	/**
	 * Whether the magic has been read.
	 *
	 * @var bool
	 */
	private $begun = false;

	/**
	 * @param resource|null $stream Positioned at the magic.
	 */
	public function __construct( $stream ) {
		$this->stream = $stream;
	}

	/** A reader of a message in memory. */
	public static function from_string( string $message ): self {
		$reader          = new self( null );
		$reader->message = $message;
		return $reader;
	}

	/**
	 * The frames that have not been read yet.
	 *
	 * @return Generator<Frame>
	 * @throws AgentError Code `agent.malformed` for bytes that are no frames, `agent.truncated` for an end inside a frame.
	 */
	public function frames(): Generator {
		for ( ;; ) {
			$frame = $this->read();
			if ( null === $frame ) {
				return;
			}
			yield $frame;
		}
	}

	/**
	 * The next frame; null at the end of the message.
	 *
	 * @throws AgentError As `frames()` does.
	 */
	public function read(): ?Frame {
		$this->read_magic();
		$head = $this->take( Frame::HEAD_BYTES, true );
		if ( '' === $head ) {
			return null;
		}
		$parts = unpack( 'Nmeta/Ndata', $head, 2 );
		if ( false === strpos( Frame::KINDS, $head[0] ) || $parts['meta'] > Frame::MAX_META_BYTES || $parts['data'] > Frame::MAX_DATA_BYTES ) {
			throw AgentError::malformed( 'a frame head makes no sense' );
		}
		$body = $this->take( $parts['meta'] + $parts['data'] );
		$crc  = unpack( 'N', $this->take( Frame::CRC_BYTES ) )[1];
		if ( crc32( $head . $body ) !== $crc ) {
			throw AgentError::malformed( 'a checksum does not match' );
		}
		$meta = self::parse_meta( substr( $body, 0, $parts['meta'] ) );
		$data = 0 === $parts['meta'] ? $body : (string) substr( $body, $parts['meta'] );
		unset( $body );
		if ( ord( $head[1] ) & Frame::FLAG_COMPRESSED ) {
			$data = self::inflate( $data );
		}
		return new Frame( $head[0], $meta, $data );
	}

	private function read_magic(): void {
		if ( $this->begun ) {
			return;
		}
		$this->begun = true;
		if ( Frame::MAGIC !== $this->take( strlen( Frame::MAGIC ), true ) ) {
			throw AgentError::malformed( 'the message does not begin with the magic' );
		}
	}

	private function take( int $length, bool $may_end = false ): string {
		if ( 0 === $length ) {
			return '';
		}
		$bytes = $this->read_bytes( $length );
		if ( strlen( $bytes ) < $length && ! ( $may_end && '' === $bytes ) ) {
			throw new AgentError( 'agent.truncated', 'The message ends inside a frame.', true );
		}
		return $bytes;
	}

	/** At most `$length` bytes; fewer at the end. */
	private function read_bytes( int $length ): string {
		if ( null !== $this->stream ) {
			return (string) stream_get_contents( $this->stream, $length );
		}
		$bytes     = (string) substr( $this->message, $this->at, $length );
		$this->at += strlen( $bytes );
		return $bytes;
	}

	/**
	 * @return array<string, mixed>
	 */
	private static function parse_meta( string $json ): array {
		$meta = '' === $json ? array() : json_decode( $json, true );
		if ( ! is_array( $meta ) ) {
			throw AgentError::malformed( 'a frame’s description is not JSON' );
		}
		return $meta;
	}

	private static function inflate( string $data ): string {
		// The limit keeps a small message from filling the memory.
		$plain = @gzuncompress( $data, Frame::MAX_DATA_BYTES ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $plain || strlen( $plain ) > Frame::MAX_DATA_BYTES ) {
			throw AgentError::malformed( 'compressed data cannot be opened' );
		}
		return $plain;
	}
}
