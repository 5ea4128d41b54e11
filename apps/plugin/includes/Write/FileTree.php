<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Whole folders, links never followed.
 */
final class FileTree {

	/** Whether there is anything at a path, a dangling link included. */
	public static function exists( string $path ): bool {
		return is_link( $path ) || file_exists( $path );
	}

	/**
	 * Removes a file, a link or a folder with everything in it. Nothing there is fine.
	 *
	 * @throws AgentError Code `target.not_writable`.
	 */
	public static function remove( string $path ): void {
		if ( is_dir( $path ) && ! is_link( $path ) ) {
			foreach ( self::names( $path ) as $name ) {
				self::remove( $path . '/' . $name );
			}
			$gone = @rmdir( $path ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
		} else {
			$gone = ! self::exists( $path ) || @unlink( $path ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		}
		if ( ! $gone && self::exists( $path ) ) {
			throw DiskError::not_writable( $path );
		}
	}

	/**
	 * Makes a folder and those above it.
	 *
	 * @throws AgentError Codes of DiskError.
	 */
	public static function make( string $dir ): void {
		if ( ! is_dir( $dir ) && ! @mkdir( $dir, 0755, true ) && ! is_dir( $dir ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors
			throw DiskError::not_writable( $dir );
		}
	}

	/**
	 * Moves something to a path where nothing is; its folder is made.
	 *
	 * @throws AgentError Codes of DiskError.
	 */
	public static function move( string $from, string $to ): void {
		self::make( dirname( $to ) );
		if ( ! @rename( $from, $to ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors
			throw DiskError::not_writable( $to );
		}
	}

	/**
	 * Names in a folder, in byte order.
	 *
	 * @return array<int, string>
	 */
	public static function names( string $dir ): array {
		$names = @scandir( $dir ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		return array_values( array_diff( false === $names ? array() : $names, array( '.', '..' ) ) );
	}
}
