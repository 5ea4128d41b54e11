<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

use WpCloneRestore\Support\OwnOptions;

/**
 * Which clone service this site is connected to, and its key. An option of our own: not autoloaded, in no clone, untouched by
 * restores, removed with the plugin.
 */
final class ConnectionStore {

	private const OPTION = 'connection';

	/** Null while the site is not connected. */
	public static function load(): ?Connection {
		$stored = json_decode( (string) OwnOptions::get( self::OPTION ), true );
		if ( ! is_array( $stored ) || ! is_string( $stored['url'] ?? null ) || ! is_string( $stored['key'] ?? null ) || '' === $stored['key'] ) {
			return null;
		}
		return new Connection( $stored['url'], $stored['key'] );
	}

	public static function save( Connection $connection ): void {
		$stored = array(
			'url' => $connection->url(),
			'key' => $connection->key(),
		);
		OwnOptions::set( self::OPTION, (string) json_encode( $stored ) );
	}

	public static function forget(): void {
		OwnOptions::set( self::OPTION, '' );
	}
}
