<?php

declare(strict_types=1);

namespace WpCloneRestore\Stream;

/**
 * Writes the frames of one message, to the client or to any stream.
 */
final class FrameWriter {

	private const JSON_OPTIONS = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;

	/**
	 * Where to write; null for the response itself.
	 *
	 * @var resource|null
	 */
	private $stream;

	/**
	 * Whether the magic has been written.
	 *
	 * @var bool
	 */
	private $begun = false;

	/**
	 * Bytes written so far.
	 *
	 * @var int
	 */
	private $bytes = 0;

	/**
	 * Whether the message has its end.
	 *
	 * @var bool
	 */
	private $ended = false;

	/**
	 * @param resource|null $stream Null for the response itself.
	 */
	public function __construct( $stream = null ) {
		$this->stream = $stream;
	}

	/**
	 * Writes one frame. After an `E` or `X` frame nothing more is written.
	 *
	 * @param array<string, mixed> $meta     Description.
	 * @param bool                 $compress Compress the data if that makes it smaller.
	 */
	public function write( string $kind, array $meta, string $data = '', bool $compress = false ): void {
		if ( $this->ended ) {
			return;
		}
		$flags = 0;
		if ( $compress && strlen( $data ) > 128 ) {
			$deflated = gzcompress( $data, 1 );
			if ( false !== $deflated && strlen( $deflated ) < strlen( $data ) ) {
				$meta['rawLength'] = strlen( $data );
				$flags             = Frame::FLAG_COMPRESSED;
				$data              = $deflated;
			}
		}
		$json  = $meta ? self::json( $meta ) : '{}';
		$frame = $kind . chr( $flags ) . pack( 'NN', strlen( $json ), strlen( $data ) ) . $json . $data;
		if ( ! $this->begun ) {
			$this->begun = true;
			$this->put( Frame::MAGIC );
		}
		$this->put( $frame );
		$this->put( pack( 'N', crc32( $frame ) ) );
		$this->ended = 'E' === $kind || 'X' === $kind;
	}

	/**
	 * Writes a `J` frame: a large value travels as data because a description is limited.
	 *
	 * @param array<string, mixed> $value An object.
	 */
	public function write_json( array $value ): void {
		$json = self::json( $value );
		if ( strlen( $json ) < Frame::MAX_META_BYTES / 2 ) {
			$this->write( 'J', $value );
		} else {
			$this->write( 'J', array(), $json );
		}
	}

	/**
	 * Ends the message.
	 *
	 * @param array<string, mixed> $more Further members of the description.
	 */
	public function end( bool $done = true, ?string $cursor = null, array $more = array() ): void {
		$this->write(
			'E',
			array(
				'cursor' => $cursor,
				'done'   => $done,
			) + $more
		);
		$this->flush();
	}

	/** Sends what has been written. */
	public function flush(): void {
		if ( null === $this->stream ) {
			flush();
		} else {
			fflush( $this->stream );
		}
	}

	/** Number of bytes written so far, as they travel. */
	public function bytes(): int {
		return $this->bytes;
	}

	/** True once an `E` or `X` frame was written. */
	public function ended(): bool {
		return $this->ended;
	}

	/**
	 * @param array<string, mixed> $value Value.
	 */
	private static function json( array $value ): string {
		return (string) json_encode( $value, self::JSON_OPTIONS );
	}

	private function put( string $bytes ): void {
		$this->bytes += strlen( $bytes );
		if ( null === $this->stream ) {
			echo $bytes; // phpcs:ignore WordPress.Security.EscapeOutput -- binary stream.
		} else {
			fwrite( $this->stream, $bytes );
		}
	}
}
