<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Support;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Support\DatabaseAddress;
use WpCloneRestore\Support\Requirements;

final class DatabaseAddressTest extends TestCase {

	public function test_hosts_are_read_as_wordpress_reads_them(): void {
		$cases = array(
			'localhost'                  => array( 'localhost', 0, null ),
			'db.example:3307'            => array( 'db.example', 3307, null ),
			'localhost:/run/mysqld.sock' => array( 'localhost', 0, '/run/mysqld.sock' ),
			':/run/mysqld.sock'          => array( null, 0, '/run/mysqld.sock' ),
			'localhost:3306:/run/x.sock' => array( 'localhost', 3306, '/run/x.sock' ),
			'::1'                        => array( '::1', 0, null ),
			'[::1]:3306'                 => array( '::1', 3306, null ),
			'[fe80::1%eth0]'             => array( 'fe80::1%eth0', 0, null ),
			''                           => array( null, 0, null ),
		);
		foreach ( $cases as $text => $expected ) {
			self::assertSame( $expected, DatabaseAddress::parse_host( $text ), $text );
		}
	}

	public function test_old_versions_are_named(): void {
		$all = array( 'mysqli', 'zlib', 'json', 'hash', 'tokenizer' );
		self::assertSame( array(), Requirements::missing( '7.4.0', '5.6', $all ) );
		self::assertSame( array(), Requirements::missing( '8.4.1', '6.9-beta2', $all ) );
		self::assertSame( array( 'PHP 7.4', 'WordPress 5.6', 'mysqli' ), Requirements::missing( '7.3.33', '5.5.9', array_slice( $all, 1 ) ) );
	}
}
