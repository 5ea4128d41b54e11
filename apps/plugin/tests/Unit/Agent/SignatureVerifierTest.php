<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Agent;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\HttpCall;
use WpCloneRestore\Agent\PairingKeys;
use WpCloneRestore\Agent\SignatureVerifier;

final class SignatureVerifierTest extends TestCase {

	private const NOW = 1700000000;

	/**
	 * A signature made by another implementation: OpenSSL's command line.
	 */
	public function test_the_signature_is_the_one_of_the_protocol(): void {
		$key  = str_repeat( '0123456789abcdef', 4 );
		$hash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
		self::assertSame(
			'695b8c341768fd8c3b0cf25183f02c3ad3a0cc01c01fee5fb45daa06c4b380ec',
			SignatureVerifier::sign( $key, 'site.facts', $hash, '1700000000', str_repeat( 'ab', 16 ) )
		);
	}

	public function test_accepts_the_current_key_and_the_former_one_for_an_hour(): void {
		$old  = PairingKeys::generate();
		$keys = ( new PairingKeys( $old ) )->rotated( self::NOW );
		self::assertSame( '', self::refusal( $keys, self::call( $keys->current() ) ) );
		self::assertSame( '', self::refusal( $keys, self::call( $old, self::NOW + 3599 ), self::NOW + 3599 ) );
		self::assertSame( 'agent.signature_rejected', self::refusal( $keys, self::call( $old, self::NOW + 3600 ), self::NOW + 3600 ) );
	}

	public function test_accepts_nothing_before_there_is_a_key(): void {
		self::assertSame( 'agent.signature_rejected', self::refusal( new PairingKeys( '' ), self::call( '' ) ) );
	}

	public function test_refuses_what_is_too_old_or_too_new(): void {
		$keys = new PairingKeys( PairingKeys::generate() );
		foreach ( array( -301 => 'agent.clock_skew', -300 => '', 300 => '', 301 => 'agent.clock_skew' ) as $offset => $code ) {
			self::assertSame( $code, self::refusal( $keys, self::call( $keys->current(), self::NOW + $offset ) ), (string) $offset );
		}
	}

	public function test_a_body_that_php_threw_away_is_too_large_and_not_a_wrong_key(): void {
		$keys = new PairingKeys( PairingKeys::generate() );
		$call = self::call( $keys->current(), self::NOW, 'the body that was signed', '', 99999999 );
		self::assertSame( 'agent.too_large', self::refusal( $keys, $call ) );
	}

	public function test_refuses_another_body(): void {
		$keys = new PairingKeys( PairingKeys::generate() );
		self::assertSame( 'agent.signature_rejected', self::refusal( $keys, self::call( $keys->current(), self::NOW, 'one', 'two' ) ) );
	}

	private static function call( string $key, int $time = self::NOW, string $signed = 'body', ?string $sent = null, int $announced = 0 ): HttpCall {
		$nonce = bin2hex( random_bytes( 16 ) );
		$body  = fopen( 'php://memory', 'w+b' );
		fwrite( $body, $sent ?? $signed );
		return new HttpCall(
			array(
				'operation' => 'rows.read',
				'key-id'    => PairingKeys::id_of( $key ),
				'time'      => (string) $time,
				'nonce'     => $nonce,
				'signature' => SignatureVerifier::sign( $key, 'rows.read', hash( 'sha256', $signed ), (string) $time, $nonce ),
			),
			$body,
			$announced
		);
	}

	private static function refusal( PairingKeys $keys, HttpCall $call, int $now = self::NOW ): string {
		try {
			( new SignatureVerifier( $keys, $now ) )->verify( $call );
		} catch ( AgentError $error ) {
			return $error->error_code();
		}
		return '';
	}
}
