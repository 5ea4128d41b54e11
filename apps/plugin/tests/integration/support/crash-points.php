<?php
/**
 * Counts the calls of a few functions during one operation of the agent and kills processes, as SIGKILL does, right before the n-th. The
 * functions stand in front of PHP's own because the writing code does not name them in full.
 *
 * What is killed where stands in the environment (this PHP), or in a file that the setting `wcr.crash_file` names: operation, n, and
 * ids of processes and groups (negative), or `self`. The file is removed before it is done; with 0 for n the calls are counted beside it.
 */

declare(strict_types=1);

namespace WpCloneRestore\Write;

final class CrashAt {

	/**
	 * @var int
	 */
	private static $calls = 0;

	public static function step(): void {
		$file = (string) get_cfg_var( 'wcr.crash_file' );
		$plan = '' === $file ? self::from_environment() : explode( ' ', (string) @file_get_contents( $file ) );
		if ( '' === $plan[0] || ( $_SERVER['HTTP_X_WCR_OPERATION'] ?? '' ) !== $plan[0] ) {
			return;
		}
		++self::$calls;
		if ( '0' === $plan[1] ) {
			file_put_contents( $file . '.count', (string) self::$calls );
		} elseif ( (int) $plan[1] === self::$calls ) {
			'' === $file || \unlink( $file );
			foreach ( array_slice( $plan, 2 ) as $id ) {
				posix_kill( 'self' === $id ? getmypid() : (int) $id, SIGKILL );
			}
		}
	}

	/**
	 * @return array<int, string>
	 */
	private static function from_environment(): array {
		return array( (string) getenv( 'WCR_TEST_CRASH_IN' ), (string) getenv( 'WCR_TEST_CRASH_AT' ), (string) getmypid() );
	}
}

function rename( string $from, string $to ): bool {
	CrashAt::step();
	return \rename( $from, $to );
}

function unlink( string $file ): bool {
	CrashAt::step();
	return \unlink( $file );
}

function fwrite( $handle, string $bytes ) {
	CrashAt::step();
	return \fwrite( $handle, $bytes );
}

/** Called before RENAME TABLE is sent. */
function implode( string $glue, array $parts ): string {
	CrashAt::step();
	return \implode( $glue, $parts );
}

/** Called before each foreign key is dropped or made. */
function base64_decode( string $text, bool $strict = false ) {
	CrashAt::step();
	return \base64_decode( $text, $strict );
}

/** Called before each line of the plan. */
function fgets( $handle ) {
	CrashAt::step();
	return \fgets( $handle );
}

function clearstatcache( bool $realpath = false ): void {
	CrashAt::step();
	\clearstatcache( $realpath );
}
