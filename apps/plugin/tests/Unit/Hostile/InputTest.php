<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Hostile;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Budget;
use WpCloneRestore\Read\Files\SitePath;
use WpCloneRestore\Read\Rows\Cursor;
use WpCloneRestore\Stream\Frame;
use WpCloneRestore\Stream\FrameReader;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Stream\RowPacker;
use WpCloneRestore\Tests\Support\Fuzz;
use WpCloneRestore\Write\PathGuard;

/**
 * Whatever a worker sends, or somebody who has its key, is a value or a named error, without a warning.
 */
final class InputTest extends TestCase {

	public function test_any_bytes_are_frames_or_a_named_error(): void {
		$message = self::message();
		Fuzz::each(
			static function ( string $round ) use ( $message ): void {
				$bytes = Fuzz::one_of( array( Fuzz::bytes( 200 ), Frame::MAGIC . Fuzz::bytes( 200 ), Fuzz::changed( $message ), self::frame( Fuzz::bytes( 40 ), Fuzz::bytes( 40 ) ) ) );
				$read  = self::outcome(
					static function () use ( $bytes ): array {
						return iterator_to_array( FrameReader::from_string( $bytes )->frames(), false );
					}
				);
				self::assertContains( $read, array( 'value', 'agent.malformed', 'agent.truncated' ), $round );
				$streamed = self::outcome(
					static function () use ( $bytes ): array {
						$stream = fopen( 'php://memory', 'w+b' );
						fwrite( $stream, $bytes );
						rewind( $stream );
						return iterator_to_array( ( new FrameReader( $stream ) )->frames(), false );
					}
				);
				self::assertSame( $read, $streamed, $round );
			}
		);
	}

	public function test_any_text_is_a_cursor_or_a_named_error(): void {
		$cursor = ( new Cursor( array( 'a', "\0\xff" ) ) )->encode();
		Fuzz::each(
			static function ( string $round ) use ( $cursor ): void {
				$json = (string) json_encode( Fuzz::value( 3 ) );
				$text = Fuzz::one_of( array( Fuzz::bytes( 40 ), Fuzz::changed( $cursor ), SitePath::encode( $json ), SitePath::encode( Fuzz::changed( '{"k":["YQ=="]}' ) ), Fuzz::value() ) );
				$read = self::outcome(
					static function () use ( $text ) {
						$place = Cursor::decode( $text );
						self::assertGreaterThanOrEqual( 0, $place->offset );
						foreach ( $place->after ?? array() as $value ) {
							self::assertIsString( $value );
						}
						return $place;
					}
				);
				self::assertContains( $read, array( 'value', 'agent.invalid_arguments' ), $round );
			}
		);
	}

	public function test_any_bytes_are_rows_or_a_named_error(): void {
		Fuzz::each(
			static function ( string $round ): void {
				$lengths = '';
				for ( $left = mt_rand( 0, 8 ); $left > 0; $left-- ) {
					$lengths .= pack( 'N', Fuzz::one_of( array( 0, 1, 3, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF ) ) );
				}
				$read = self::outcome(
					static function () use ( $lengths ): array {
						return iterator_to_array( RowPacker::unpack( $lengths . Fuzz::bytes( 20 ), mt_rand( 0, 4 ) ), false );
					}
				);
				self::assertContains( $read, array( 'value', 'agent.malformed' ), $round );
			}
		);
	}

	public function test_a_path_that_is_taken_stays_below_the_root(): void {
		$guard = new PathGuard( sys_get_temp_dir(), sys_get_temp_dir() . '/nowhere' );
		$names = array( 'a', '..', '.', '', "\0", '\\', '..\\', "\xff", '%2e%2e', '/', '~', ' ', "..\n", str_repeat( 'n', 256 ) );
		Fuzz::each(
			static function ( string $round ) use ( $guard, $names ): void {
				$parts = array();
				for ( $left = mt_rand( 1, 5 ); $left > 0; $left-- ) {
					$parts[] = Fuzz::one_of( $names );
				}
				$wire = Fuzz::one_of( array( SitePath::encode( implode( '/', $parts ) ), base64_encode( implode( '/', $parts ) ), Fuzz::bytes( 20 ), Fuzz::value() ) );
				foreach ( array( array( $guard, 'decode' ), array( SitePath::class, 'decode' ) ) as $decode ) {
					$read = self::outcome(
						static function () use ( $decode, $wire, $round ) {
							$path = $decode( $wire );
							self::assertSame( array(), array_intersect( explode( '/', $path ), array( '', '.', '..' ) ), $round );
							self::assertStringNotContainsString( "\0", $path, $round );
							return $path;
						}
					);
					self::assertContains( $read, array( 'value', 'agent.path_refused' ), $round );
				}
			}
		);
	}

	public function test_any_budget_has_an_end(): void {
		Fuzz::each(
			static function ( string $round ): void {
				$budget = Budget::from_args(
					array(
						'budgetMs'    => Fuzz::one_of( array( Fuzz::value(), '1e400', '0x10', -5, 1e300 ) ),
						'budgetBytes' => Fuzz::one_of( array( Fuzz::value(), '1e400', PHP_INT_MAX, -5 ) ),
					)
				);
				self::assertLessThanOrEqual( 67108864, $budget->bytes_left(), $round );
				self::assertLessThanOrEqual( 3600.0, $budget->seconds_left(), $round );
			}
		);
	}

	private static function message(): string {
		$stream = fopen( 'php://memory', 'w+b' );
		$out    = new FrameWriter( $stream );
		$out->write( 'Q', array( 'budgetMs' => 5 ) );
		$out->write( 'R', array( 'rows' => 1 ), str_repeat( 'data', 100 ), true );
		$out->end();
		rewind( $stream );
		return (string) stream_get_contents( $stream );
	}

	/** A frame whose checksum is right, whatever it holds. */
	private static function frame( string $meta, string $data ): string {
		$frame = Fuzz::one_of( str_split( Frame::KINDS ) ) . chr( mt_rand( 0, 3 ) ) . pack( 'NN', strlen( $meta ), strlen( $data ) ) . $meta . $data;
		return Frame::MAGIC . $frame . pack( 'N', crc32( $frame ) );
	}

	private static function outcome( callable $work ): string {
		try {
			$work();
		} catch ( AgentError $error ) {
			return $error->error_code();
		}
		return 'value';
	}
}
