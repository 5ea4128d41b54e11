<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Read;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Read\Rows\Keyset;
use WpCloneRestore\Read\Schema\Column;

final class KeysetTest extends TestCase {

	private static function column( string $name, string $type ): Column {
		return new Column(
			array(
				'COLUMN_NAME'        => $name,
				'COLUMN_TYPE'        => $type,
				'DATA_TYPE'          => $type,
				'CHARACTER_SET_NAME' => 'varchar' === $type ? 'utf8mb4' : null,
				'IS_NULLABLE'        => 'NO',
				'EXTRA'              => '',
			)
		);
	}

	public function test_places_behind_and_up_to_others(): void {
		$keys = new Keyset( array( self::column( 'a', 'int' ), self::column( 'b', 'varchar' ) ) );
		self::assertSame( "`a` >= 1 AND ((`a` > 1) OR (`a` = 1 AND `b` > _utf8mb4 x'78'))", $keys->after( array( '1', 'x' ) ) );
		self::assertSame( "`a` <= 1 AND ((`a` < 1) OR (`a` = 1 AND `b` <= _utf8mb4 x'78'))", $keys->up_to( array( '1', 'x' ) ) );
		$key = new Keyset( array( self::column( 'a', 'int' ) ) );
		self::assertSame( '(`a` > -5)', $key->after( array( '-5' ) ) );
		self::assertSame( '(`a` <= -5)', $key->up_to( array( '-5' ) ) );
	}

	/**
	 * @dataProvider provide_foreign_places
	 * @param array<int, string> $values Values.
	 */
	public function test_places_of_other_keys_are_refused( array $values ): void {
		$this->expectException( AgentError::class );
		( new Keyset( array( self::column( 'a', 'int' ) ) ) )->up_to( $values );
	}

	/**
	 * @return array<int, array{0: array<int, string>}>
	 */
	public function provide_foreign_places(): array {
		return array(
			array( array() ),
			array( array( '1', '2' ) ),
			array( array( '1 OR 1' ) ),
		);
	}
}
