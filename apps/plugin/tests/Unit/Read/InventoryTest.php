<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Read;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Read\Facts\FileHeader;
use WpCloneRestore\Read\SiteInventory;

final class InventoryTest extends TestCase {

	public function test_headers_are_read_as_wordpress_reads_them(): void {
		$names = array( 'Plugin Name', 'Version' );
		$none  = array(
			'Plugin Name' => '',
			'Version'     => '',
		);
		self::assertSame( $none, FileHeader::parse( "<?php\n\$name = 'Plugin Name: x';", $names ) );
		$shop = array(
			'Plugin Name' => 'Shop: the "best"',
			'Version'     => '1.0',
		);
		self::assertSame( $shop, FileHeader::parse( "<?php /* Plugin Name: Shop: the \"best\"\r *\tversion:1.0 */ Version: 3", $names ) );
		self::assertSame( 'Hash', FileHeader::parse( '# Plugin Name: Hash ?>', $names )['Plugin Name'] );
	}

	public function test_active_plugins_are_found_in_whatever_the_option_holds(): void {
		self::assertSame( array( 'a/b.php', 'ü.php' ), SiteInventory::active_plugins( serialize( array( 3 => 'a/b.php', 9 => 'ü.php' ) ) ) ); // phpcs:ignore
		self::assertSame( array(), SiteInventory::active_plugins( '' ) );
		self::assertSame( array(), SiteInventory::active_plugins( 'a:0:{}' ) );
		self::assertSame( array( 'x.php' ), SiteInventory::active_plugins( 'a:1:{i:0;s:99:"x.php";i:1;O:3:"Foo":0:{}' ) );
	}
}
