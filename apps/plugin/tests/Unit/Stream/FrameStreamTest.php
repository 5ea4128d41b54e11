<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Stream;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Stream\Frame;
use WpCloneRestore\Stream\FrameReader;
use WpCloneRestore\Stream\FrameWriter;

final class FrameStreamTest extends TestCase {

	public function test_what_is_written_is_read_again(): void {
		$bytes  = random_bytes( 300000 );
		$frames = self::read(
			self::message(
				static function ( FrameWriter $out ) use ( $bytes ): void {
					$out->write( 'Q', array() );
					$out->write( 'F', array( 'path' => 'grüße/"x"' ), $bytes );
					$out->write( 'R', array( 'rows' => 2 ), str_repeat( 'a', 100000 ), true );
					$out->end( false, 'abc', array( 'rows' => 2 ) );
				}
			)
		);
		self::assertSame( array( 'Q', 'F', 'R', 'E' ), array_column( $frames, 'kind' ) );
		self::assertSame( array(), $frames[0]->meta );
		self::assertSame( $bytes, $frames[1]->data );
		self::assertSame( 'grüße/"x"', $frames[1]->meta['path'] );
		self::assertSame( str_repeat( 'a', 100000 ), $frames[2]->data );
		self::assertSame( 100000, $frames[2]->meta['rawLength'] );
		self::assertSame( array( 'cursor' => 'abc', 'done' => false, 'rows' => 2 ), $frames[3]->meta );
	}

	public function test_data_that_does_not_get_smaller_travels_as_it_is(): void {
		$message = self::message(
			static function ( FrameWriter $out ): void {
				$out->write( 'F', array(), random_bytes( 5000 ), true );
			}
		);
		self::assertArrayNotHasKey( 'rawLength', self::read( $message )[0]->meta );
	}

	public function test_nothing_follows_the_end(): void {
		$message = self::message(
			static function ( FrameWriter $out ): void {
				$out->end();
				$out->write( 'X', array( 'code' => 'agent.failed' ) );
			}
		);
		self::assertCount( 1, self::read( $message ) );
	}

	public function test_a_large_result_travels_as_data(): void {
		$value   = array( 'text' => str_repeat( 'ä', 600000 ) );
		$message = self::message(
			static function ( FrameWriter $out ) use ( $value ): void {
				$out->write_json( $value );
			}
		);
		$frame   = self::read( $message )[0];
		self::assertSame( array(), $frame->meta );
		self::assertSame( $value, json_decode( $frame->data, true ) );
	}

	public function test_every_flipped_byte_is_noticed(): void {
		$message = self::message(
			static function ( FrameWriter $out ): void {
				$out->write( 'R', array( 'rows' => 1 ), 'some data' );
			}
		);
		for ( $at = 0; $at < strlen( $message ); $at++ ) {
			$changed        = $message;
			$changed[ $at ] = chr( ord( $changed[ $at ] ) ^ 1 );
			self::assertContains( self::code_of( $changed ), array( 'agent.malformed', 'agent.truncated' ), "byte $at" );
		}
	}

	public function test_every_cut_is_noticed(): void {
		$message = self::message(
			static function ( FrameWriter $out ): void {
				$out->write( 'R', array( 'rows' => 1 ), 'some data' );
			}
		);
		for ( $length = strlen( Frame::MAGIC ) + 1; $length < strlen( $message ); $length++ ) {
			self::assertSame( 'agent.truncated', self::code_of( substr( $message, 0, $length ) ), "length $length" );
		}
	}

	public function test_sizes_beyond_the_limits_are_refused_unread(): void {
		self::assertSame( 'agent.malformed', self::code_of( Frame::MAGIC . 'R' . chr( 0 ) . pack( 'NN', 2, Frame::MAX_DATA_BYTES + 1 ) ) );
		self::assertSame( 'agent.malformed', self::code_of( Frame::MAGIC . 'R' . chr( 0 ) . pack( 'NN', Frame::MAX_META_BYTES + 1, 0 ) ) );
	}

	public function test_an_inflating_bomb_is_refused(): void {
		$data  = gzcompress( str_repeat( "\0", Frame::MAX_DATA_BYTES + 1 ), 9 );
		$frame = 'R' . chr( Frame::FLAG_COMPRESSED ) . pack( 'NN', 2, strlen( $data ) ) . '{}' . $data;
		self::assertSame( 'agent.malformed', self::code_of( Frame::MAGIC . $frame . pack( 'N', crc32( $frame ) ) ) );
	}

	private static function message( callable $write ): string {
		$stream = fopen( 'php://memory', 'w+b' );
		$out    = new FrameWriter( $stream );
		$write( $out );
		self::assertSame( ftell( $stream ), $out->bytes() );
		rewind( $stream );
		return (string) stream_get_contents( $stream );
	}

	/**
	 * @return array<int, Frame>
	 */
	private static function read( string $message ): array {
		return iterator_to_array( FrameReader::from_string( $message )->frames(), false );
	}

	private static function code_of( string $message ): string {
		try {
			self::read( $message );
		} catch ( AgentError $error ) {
			return $error->error_code();
		}
		return 'none';
	}
}
