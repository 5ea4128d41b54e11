<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Names for what goes wrong with files.
 */
final class DiskError {

	/**
	 * Compares what was written with what had to be.
	 *
	 * @param int|false $written Result of fwrite().
	 * @throws AgentError Code `target.disk_full` or `target.not_writable`.
	 */
	public static function check_write( string $file, $written, int $expected ): void {
		if ( $written === $expected ) {
			return;
		}
		// A disk that fills up cuts the write short first and tells why only at the next one.
		if ( self::is_full( self::last_message() ) || is_int( $written ) ) {
			throw new AgentError( 'target.disk_full', 'The disk is full.', false, array( 'reason' => basename( $file ) . ' could not be written whole' ) );
		}
		throw self::not_writable( $file );
	}

	/** A file or folder that cannot be made or changed; `target.disk_full` when PHP's last message says so. */
	public static function not_writable( string $path ): AgentError {
		$message = self::last_message();
		if ( self::is_full( $message ) ) {
			return new AgentError( 'target.disk_full', 'The disk is full.', false, array( 'reason' => basename( $path ) . ' could not be made' ) );
		}
		return new AgentError(
			'target.not_writable',
			'Cannot write.',
			false,
			array(
				'path'   => $path,
				'reason' => $message,
			)
		);
	}

	private static function is_full( string $message ): bool {
		// ENOSPC, EDQUOT and EFBIG, as numbers or as the system's words.
		return 1 === preg_match( '/No space left|quota exceeded|File too large|errno=(28|122|27)\b/i', $message );
	}

	private static function last_message(): string {
		$error = error_get_last();
		return null === $error ? '' : (string) preg_replace( '/^\w+\(.*?\): /', '', $error['message'] );
	}
}
