<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Read;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Read\Files\SitePath;

final class SitePathTest extends TestCase {

	public function test_only_paths_below_the_root_are_safe(): void {
		foreach ( array( 'a', 'a/b', '.htaccess', '...', 'a/..b', "\xff", 'a\\b' ) as $path ) {
			self::assertTrue( SitePath::is_safe( $path ), $path );
		}
		foreach ( array( '', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', "a\0b", str_repeat( 'a', 70000 ) ) as $path ) {
			self::assertFalse( SitePath::is_safe( $path ), $path );
		}
	}

	public function test_wire_paths_are_base64url(): void {
		self::assertSame( "\xff\xfe\xfd?", SitePath::decode( SitePath::encode( "\xff\xfe\xfd?" ) ) );
		self::assertDoesNotMatchRegularExpression( '~[+/=]~', SitePath::encode( "\xff\xfe\xfd?" ) );
	}

	/**
	 * @dataProvider links
	 */
	public function test_links_keep_to_the_root( string $link, string $target, ?string $expected ): void {
		self::assertSame( $expected, SitePath::link_target( $link, $target, array( '/srv/site/', '/mnt/real/' ) ) );
	}

	public function links(): array {
		return array(
			array( 'a/b', 'c', 'c' ),
			array( 'a/b', '../c', '../c' ),
			array( 'a/b', '../../c', null ),
			array( 'a/b', '../x/../../c', null ),
			array( 'b', '..', null ),
			array( 'a/b', '/srv/site/x/y', '../x/y' ),
			array( 'a/b', '/srv/site/a/y', 'y' ),
			array( 'a/b', '/mnt/real/a', '.' ),
			array( 'a/b', '/srv/site', '..' ),
			array( 'a/b', '/srv/site2/x', null ),
			array( 'a/b', '/srv/site/../x', null ),
			array( 'a/b', '/etc/passwd', null ),
		);
	}
}
