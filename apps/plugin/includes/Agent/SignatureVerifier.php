<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

/**
 * Checks who sent a call; see docs/protocol.md, Signature.
 */
final class SignatureVerifier {

	public const WINDOW_SECONDS = 300;

	/**
	 * @var PairingKeys
	 */
	private $keys;

	/**
	 * @var int
	 */
	private $now;

	/**
	 * @param int $now Unix seconds.
	 */
	public function __construct( PairingKeys $keys, int $now ) {
		$this->keys = $keys;
		$this->now  = $now;
	}

	/** The signature of a call. */
	public static function sign( string $key, string $operation, string $body_hash, string $time, string $nonce ): string {
		return hash_hmac( 'sha256', "wcr1\n$operation\n$body_hash\n$time\n$nonce", $key );
	}

	/**
	 * Refuses a call that was not signed with a valid key, or not now.
	 *
	 * @throws AgentError Code `agent.signature_rejected`, `agent.clock_skew` or `agent.too_large`.
	 */
	public function verify( HttpCall $call ): void {
		$key       = $this->key_of( $call->header( 'key-id' ) );
		$body_hash = $call->body_hash();
		$expected  = self::sign( $key, $call->operation(), $body_hash, $call->header( 'time' ), $call->header( 'nonce' ) );
		if ( ! hash_equals( $expected, $call->header( 'signature' ) ) ) {
			$this->explain_missing_body( $call, $body_hash );
			throw self::rejected();
		}
		if ( ! preg_match( '/^[0-9a-f]{32}$/D', $call->header( 'nonce' ) ) ) {
			throw self::rejected();
		}
		// After the signature, so that strangers learn nothing and the clock can be trusted as the reason.
		if ( ! preg_match( '/^\d{1,12}$/D', $call->header( 'time' ) ) || abs( $this->now - (int) $call->header( 'time' ) ) > self::WINDOW_SECONDS ) {
			throw new AgentError( 'agent.clock_skew', 'The clocks differ; the time here is ' . $this->now . '.', true, array( 'siteTime' => $this->now ) );
		}
	}

	private function key_of( string $key_id ): string {
		foreach ( $this->keys->accepted( $this->now ) as $key ) {
			if ( hash_equals( PairingKeys::id_of( $key ), $key_id ) ) {
				return $key;
			}
		}
		throw self::rejected();
	}

	/**
	 * PHP throws a body away that is larger than it takes: that must not look like a wrong key.
	 */
	private function explain_missing_body( HttpCall $call, string $body_hash ): void {
		if ( $call->announced_bytes() > 0 && hash( 'sha256', '' ) === $body_hash ) {
			throw new AgentError( 'agent.too_large', 'The request is larger than PHP takes here.' );
		}
	}

	private static function rejected(): AgentError {
		return new AgentError( 'agent.signature_rejected', 'The signature is not valid.' );
	}
}
