<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Read;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Read\Schema\Column;
use WpCloneRestore\Read\Schema\SqlText;
use WpCloneRestore\Read\Schema\StoredQueries;
use WpCloneRestore\Read\Schema\TableDefinition;
use WpCloneRestore\Read\Schema\TableKeys;

final class DefinitionsTest extends TestCase {

	public function test_tokens_lose_nothing(): void {
		$sql = "SELECT `a``b`, 'it''s \\' \"', \"x\"\"y\", ünï /* c */ FROM t -- ' \n WHERE a='x";
		self::assertSame( $sql, implode( '', SqlText::tokens( $sql ) ) );
	}

	public function test_foreign_keys_to_tables_that_are_not_copied_are_left_out(): void {
		$sql = "CREATE TABLE `t` (\n  `a` int,\n  CONSTRAINT `one` FOREIGN KEY (`a`) REFERENCES `db`.`T2` (`id`),\n  CONSTRAINT `two` FOREIGN KEY (`a`) REFERENCES `else`.`t2` (`id`)\n) ENGINE=InnoDB";
		$definition = new TableDefinition( $sql, 't', 'db', array( 't', 't2' ) );
		$all        = $definition->foreign_keys;
		self::assertCount( 1, $all );
		self::assertSame( 'ALTER TABLE {{table}} ADD CONSTRAINT `one` FOREIGN KEY (`a`) REFERENCES {{table:t2}} (`id`)', $all[0]['sql'] );
		self::assertSame( array( 'two' ), $definition->foreign_keys_left_out );
	}

	public function test_folders_of_the_server_are_left_out_and_partitions_kept(): void {
		$sql        = "CREATE TABLE `t` (\n  `a` int COMMENT 'DATA DIRECTORY='\n) ENGINE=InnoDB DATA DIRECTORY='/srv/db/' COMMENT='x'\n PARTITION BY RANGE (`a`)\n(PARTITION `p0` VALUES LESS THAN (10) DATA DIRECTORY = '/srv' ENGINE = InnoDB)";
		$definition = new TableDefinition( $sql, 't', 'db', array( 't' ) );
		self::assertStringNotContainsString( '/srv', $definition->create_sql );
		self::assertStringContainsString( "COMMENT 'DATA DIRECTORY='", $definition->create_sql );
		self::assertStringContainsString( 'PARTITION `p0` VALUES LESS THAN (10)', $definition->create_sql );
	}

	public function test_views_lose_definer_and_database(): void {
		$sql = 'CREATE ALGORITHM=UNDEFINED DEFINER=`ro``ot`@`%` SQL SECURITY DEFINER VIEW `wp_v` AS select `db`.`wp_t`.`db` AS `db`,\'`db`.x\' AS `y` from `db`.`wp_t`';
		self::assertSame( 'CREATE VIEW `wp_v` AS select `wp_t`.`db` AS `db`,\'`db`.x\' AS `y` from `wp_t`', StoredQueries::view_sql( $sql, 'db' ) );
	}

	public function test_triggers_lose_definer_and_database(): void {
		foreach ( array( 'CREATE DEFINER=`root`@`localhost` TRIGGER', "CREATE DEFINER='root'@'%' TRIGGER", 'CREATE DEFINER = root@localhost  TRIGGER', 'create trigger', 'CREATE OR REPLACE DEFINER=`a b`@`%` TRIGGER' ) as $head ) {
			self::assertSame(
				'CREATE TRIGGER x BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = 1',
				StoredQueries::trigger_sql( "$head x BEFORE INSERT ON `db`.`t` FOR EACH ROW SET NEW.a = 1", 'db' )
			);
		}
	}

	public function test_views_that_seem_to_need_each_other_are_still_listed(): void {
		self::assertSame( array( 'c', 'a', 'b' ), StoredQueries::in_order( array( 'a' => '`a` `b`', 'b' => '`b` `a`', 'c' => '`c`' ) ) );
	}

	public function test_a_default_that_is_an_expression_is_no_generated_column(): void {
		self::assertFalse( self::column( 'a', 'datetime', 'DEFAULT_GENERATED on update CURRENT_TIMESTAMP' )->generated );
		self::assertTrue( self::column( 'a', 'int', 'VIRTUAL GENERATED' )->generated );
		self::assertTrue( self::column( 'a', 'int', 'STORED GENERATED INVISIBLE' )->generated );
	}

	/**
	 * @dataProvider keys
	 *
	 * @param array<string, string|null>      $index Changed fields of SHOW INDEX.
	 * @param array<int, string>|null $expected Key.
	 */
	public function test_only_keys_that_tell_all_rows_apart_are_used( array $index, string $type, ?array $expected ): void {
		$row  = $index + array( 'Non_unique' => '0', 'Key_name' => 'PRIMARY', 'Seq_in_index' => '1', 'Column_name' => 'a', 'Sub_part' => null, 'Index_type' => 'BTREE' );
		$keys = new TableKeys( array( $row ), array( 'a' => self::column( 'a', $type, '' ) ) );
		self::assertSame( $expected, $keys->best() );
	}

	public function keys(): array {
		return array(
			'primary'   => array( array(), 'int', array( 'a' ) ),
			'text'      => array( array(), 'varchar', array( 'a' ) ),
			'uuid'      => array( array(), 'uuid', null ),
			'prefix'    => array( array( 'Sub_part' => '10' ), 'varchar', null ),
			'float'     => array( array(), 'double', null ),
			'hash'      => array( array( 'Index_type' => 'HASH' ), 'int', null ),
			'plain'     => array( array( 'Non_unique' => '1', 'Key_name' => 'a' ), 'int', null ),
			'ignored'   => array( array( 'Ignored' => 'YES', 'Key_name' => 'a' ), 'int', null ),
			'invisible' => array( array( 'Visible' => 'NO', 'Key_name' => 'a' ), 'int', null ),
			'functional' => array( array( 'Column_name' => null, 'Key_name' => 'a' ), 'int', null ),
		);
	}

	private static function column( string $name, string $type, string $extra ): Column {
		return new Column( array( 'COLUMN_NAME' => $name, 'COLUMN_TYPE' => $type, 'DATA_TYPE' => $type, 'CHARACTER_SET_NAME' => null, 'IS_NULLABLE' => 'NO', 'EXTRA' => $extra ) );
	}
}
