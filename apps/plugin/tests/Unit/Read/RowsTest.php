<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Read;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Bytes;
use WpCloneRestore\Read\Rows\Cursor;
use WpCloneRestore\Read\Rows\RowSum;
use WpCloneRestore\Read\Rows\SingleFloat;

final class RowsTest extends TestCase {

	public function test_cursors_survive(): void {
		self::assertSame( array( "\xff\0", '' ), Cursor::decode( ( new Cursor( array( "\xff\0", '' ) ) )->encode() )->after );
		self::assertSame( 7, Cursor::decode( ( new Cursor( null, 7 ) )->encode() )->offset );
		self::assertNull( Cursor::decode( null )->after );
	}

	public function test_foreign_cursors_are_refused(): void {
		foreach ( array( '', 'x', 5, base64_encode( '{"o":-1}' ), base64_encode( '{"k":"a"}' ), base64_encode( '{"k":[1]}' ) ) as $text ) {
			try {
				Cursor::decode( $text );
				self::fail( (string) $text );
			} catch ( AgentError $error ) {
				self::assertSame( 'agent.invalid_arguments', $error->error_code() );
			}
		}
	}

	public function test_sums_wrap_at_64_bits_and_ignore_order(): void {
		$one = new RowSum();
		$two = new RowSum();
		foreach ( range( 1, 50 ) as $number ) {
			$one->add( (string) $number );
			$two->add( (string) ( 51 - $number ) );
		}
		self::assertSame( $one->decimal(), $two->decimal() );
		self::assertMatchesRegularExpression( '/^\d{1,20}$/', $one->decimal() );
		$none = new RowSum();
		self::assertSame( '0', $none->decimal() );
	}

	public function test_floats_are_as_short_as_possible(): void {
		$cases = array(
			'0.10000000149011612'    => '0.1',
			'16777216'               => '16777216',
			'3.4028234663852886e38'  => '3.4028235e38',
			'1.401298464324817e-45'  => '1.40130e-45',
			'-99999.9921875'         => '-99999.99',
			'0'                      => '0',
			'-1234567936'            => '-1234567936',
			'0.00001499999962106813' => '0.000015',
		);
		foreach ( $cases as $double => $expected ) {
			$text = SingleFloat::shortest( (string) $double );
			self::assertSame( pack( 'G', (float) $double ), pack( 'G', (float) $text ), (string) $double );
			self::assertLessThanOrEqual( strlen( $expected ), strlen( $text ), (string) $double );
		}
	}

	public function test_sizes_of_php_ini(): void {
		self::assertSame( array( 134217728, 2147483648, 8192, 100, -1, 0 ), array_map( array( Bytes::class, 'from_ini' ), array( '128M', '2g', '8K', '100', '-1', '' ) ) );
	}
}
