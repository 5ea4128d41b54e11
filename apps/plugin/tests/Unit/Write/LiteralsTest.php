<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Write;

use mysqli;
use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Write\Literals;

final class LiteralsTest extends TestCase {

	/**
	 * @dataProvider provide_values
	 */
	public function test_each_kind_has_its_form( string $kind, ?string $value, string $expected ): void {
		self::assertSame( "({$expected})", ( new Literals( $this->connection(), array( $kind ) ) )->tuple( array( $value ) ) );
	}

	/**
	 * @return array<int, array{0: string, 1: string|null, 2: string}>
	 */
	public function provide_values(): array {
		return array(
			array( 'number', '18446744073709551615', '18446744073709551615' ),
			array( 'number', '-1', "'<-1>'" ),
			array( 'number', '1.50', "'<1.50>'" ),
			array( 'number', '1); DROP TABLE x', "'<1); DROP TABLE x>'" ),
			array( 'number', '', "'<>'" ),
			array( 'number', null, 'NULL' ),
			array( 'float', '1e-7', "'<1e-7>'" ),
			array( 'bit', '5', '5' ),
			array( 'text', "it's", "'<it's>'" ),
			array( 'text', '', "'<>'" ),
			array( 'binary', "\0\xff", "'<\0\xff>'" ),
			array( 'temporal', '0000-00-00', "'<0000-00-00>'" ),
			array( 'json', '{}', "_utf8mb4'<{}>'" ),
			array( 'geometry', 'bytes', "'<bytes>'" ),
		);
	}

	public function test_a_row_keeps_the_order_of_its_columns(): void {
		$literals = new Literals( $this->connection(), array( 'number', 'text', 'bit' ) );
		self::assertSame( "(1,'<a>',NULL)", $literals->tuple( array( '1', 'a', null ) ) );
	}

	public function test_a_bit_that_is_no_number_is_refused(): void {
		$this->expectException( AgentError::class );
		( new Literals( $this->connection(), array( 'bit' ) ) )->tuple( array( '1 OR 1' ) );
	}

	public function test_a_kind_nobody_knows_is_refused(): void {
		$this->expectException( AgentError::class );
		new Literals( $this->connection(), array( 'colour' ) );
	}

	/** Marks what was escaped: <…>. */
	private function connection(): mysqli {
		$mysqli = $this->createMock( mysqli::class );
		$mysqli->method( 'real_escape_string' )->willReturnCallback(
			static function ( string $text ): string {
				return "<{$text}>";
			}
		);
		return $mysqli;
	}
}
