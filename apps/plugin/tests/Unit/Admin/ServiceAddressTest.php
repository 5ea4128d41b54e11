<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Admin;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Admin\Problem;
use WpCloneRestore\Admin\ServiceAddress;

final class ServiceAddressTest extends TestCase {

	/**
	 * @dataProvider addresses
	 */
	public function test_an_address_has_one_spelling( string $typed, string $expected ): void {
		self::assertSame( $expected, ServiceAddress::normalise( $typed ) );
	}

	/** @return array<int, array{0: string, 1: string}> */
	public function addresses(): array {
		return array(
			array( ' https://Clones.Example.com/ ', 'https://clones.example.com' ),
			array( 'HTTPS://clones.example.com:8443/wcr/', 'https://clones.example.com:8443/wcr' ),
			array( 'http://127.0.0.1:8080', 'http://127.0.0.1:8080' ),
			array( 'http://localhost:8080/', 'http://localhost:8080' ),
			array( 'http://[::1]:8080', 'http://[::1]:8080' ),
			array( 'http://10.1.2.3', 'http://10.1.2.3' ),
			array( 'http://wcr-api:8080', 'http://wcr-api:8080' ),
			array( 'http://clones.office.lan', 'http://clones.office.lan' ),
		);
	}

	/**
	 * @dataProvider refusals
	 */
	public function test_what_would_leak_the_key_or_is_no_address_is_refused( string $typed, string $problem ): void {
		try {
			ServiceAddress::normalise( $typed );
			self::fail( 'It was taken.' );
		} catch ( Problem $refused ) {
			self::assertSame( $problem, $refused->problem() );
		}
	}

	/** @return array<int, array{0: string, 1: string}> */
	public function refusals(): array {
		$invalid = 'page.address_invalid';
		return array(
			array( '', $invalid ),
			array( 'clones.example.com', $invalid ),
			array( 'ftp://clones.example.com', $invalid ),
			array( 'file:///etc/passwd', $invalid ),
			array( 'https://user:pw@clones.example.com', $invalid ),
			array( 'https://clones.example.com/?x=1', $invalid ),
			array( 'https://clones.example.com/#x', $invalid ),
			array( "https://clones.example.com\r\nX: y", $invalid ),
			array( 'https://clo nes.example.com', $invalid ),
			array( 'http://clones.example.com', 'page.address_unencrypted' ),
			array( 'http://8.8.8.8', 'page.address_unencrypted' ),
			array( 'http://localhost.example.com', 'page.address_unencrypted' ),
		);
	}
}
