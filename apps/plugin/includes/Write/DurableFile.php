<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Files that survive a crash: complete, or as they were before.
 */
final class DurableFile {

	/**
	 * Replaces a file's content in one step.
	 *
	 * @throws AgentError Code `target.disk_full` or `target.not_writable`.
	 */
	public static function write( string $file, string $bytes ): void {
		$part   = $file . '.part';
		$handle = @fopen( $part, 'wb' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
		if ( false === $handle ) {
			throw DiskError::not_writable( $file );
		}
		DiskError::check_write( $file, @fwrite( $handle, $bytes ), strlen( $bytes ) ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		self::sync( $handle );
		fclose( $handle );
		if ( ! rename( $part, $file ) ) {
			throw DiskError::not_writable( $file );
		}
	}

	/**
	 * Asks the system to bring an open file to the disk. PHP can do that from 8.1 on; before, a power cut may lose the last seconds, a
	 * crash of PHP does not.
	 *
	 * @param resource $handle Open file.
	 */
	public static function sync( $handle ): void {
		fflush( $handle );
		if ( function_exists( 'fsync' ) ) {
			fsync( $handle );
		}
	}
}
