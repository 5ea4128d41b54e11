<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Support\OwnOptions;

/**
 * Keeps a WordPress site's pairing keys.
 */
final class PairingKeyStore {

	private const OPTION = 'pairing_keys';

	/** The keys; none are accepted when there are none yet. */
	public static function load(): PairingKeys {
		return self::decode( OwnOptions::get( self::OPTION ) );
	}

	/** The keys; made when there are none. */
	public static function ensure(): PairingKeys {
		$keys = self::load();
		if ( '' !== $keys->current() ) {
			return $keys;
		}
		return self::decode( OwnOptions::add( self::OPTION, self::encode( new PairingKeys( PairingKeys::generate() ) ) ) );
	}

	/** Makes a new key; the former one stays valid for a while. */
	public static function rotate( int $now ): PairingKeys {
		$keys = self::ensure()->rotated( $now );
		OwnOptions::set( self::OPTION, self::encode( $keys ) );
		return $keys;
	}

	private static function encode( PairingKeys $keys ): string {
		return (string) json_encode(
			array(
				'current'     => $keys->current(),
				'former'      => $keys->former(),
				'formerUntil' => $keys->former_until(),
			)
		);
	}

	private static function decode( ?string $stored ): PairingKeys {
		$value = null === $stored ? null : json_decode( $stored, true );
		if ( ! is_array( $value ) ) {
			return new PairingKeys( '' );
		}
		return new PairingKeys( (string) ( $value['current'] ?? '' ), (string) ( $value['former'] ?? '' ), (int) ( $value['formerUntil'] ?? 0 ) );
	}
}
