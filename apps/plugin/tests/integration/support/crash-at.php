<?php
/**
 * Serves the agent in tests of crashes: counts the calls of a few functions during one operation and kills PHP, as SIGKILL does,
 * right before the n-th. The functions stand in front of PHP's own because the writing code does not name them in full.
 */

declare(strict_types=1);

namespace WpCloneRestore\Write;

final class CrashAt {

	/**
	 * @var int
	 */
	private static $calls = 0;

	public static function step(): void {
		if ( ( $_SERVER['HTTP_X_WCR_OPERATION'] ?? '' ) !== getenv( 'WCR_TEST_CRASH_IN' ) ) {
			return;
		}
		if ( ++self::$calls === (int) getenv( 'WCR_TEST_CRASH_AT' ) ) {
			posix_kill( (int) getmypid(), SIGKILL );
		}
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

require dirname( __DIR__, 3 ) . '/standalone.php';
