<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

/**
 * The pairing keys of an agent: the current one, and for an hour after a rotation the former one.
 */
final class PairingKeys {

	public const GRACE_SECONDS = 3600;

	/**
	 * @var string
	 */
	private $current;

	/**
	 * @var string
	 */
	private $former;

	/**
	 * Until when the former key is valid, Unix seconds.
	 *
	 * @var int
	 */
	private $former_until;

	public function __construct( string $current, string $former = '', int $former_until = 0 ) {
		$this->current      = $current;
		$this->former       = $former;
		$this->former_until = $former_until;
	}

	/** A new random key: 64 hex digits. */
	public static function generate(): string {
		return bin2hex( random_bytes( 32 ) );
	}

	/** How a key is named without telling it. */
	public static function id_of( string $key ): string {
		return substr( hash( 'sha256', $key ), 0, 8 );
	}

	/** The keys after a rotation. */
	public function rotated( int $now ): self {
		return new self( self::generate(), $this->current, $now + self::GRACE_SECONDS );
	}

	public function current(): string {
		return $this->current;
	}

	public function former(): string {
		return $this->former;
	}

	public function former_until(): int {
		return $this->former_until;
	}

	/**
	 * The keys that are valid at a time.
	 *
	 * @return array<int, string>
	 */
	public function accepted( int $now ): array {
		$keys = array();
		if ( '' !== $this->current ) {
			$keys[] = $this->current;
		}
		if ( '' !== $this->former && $now < $this->former_until ) {
			$keys[] = $this->former;
		}
		return $keys;
	}
}
