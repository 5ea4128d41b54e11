<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Work that is done as a whole or not at all, and again when it lost against somebody else's.
 */
final class Transaction {

	private const ATTEMPTS = 5;
	private const DEADLOCK = 1213;

	/**
	 * @template T
	 * @param callable(): T $work May run several times.
	 * @return T What the work returns.
	 * @throws AgentError The work's, or the last deadlock.
	 */
	public static function run( Database $database, callable $work ) {
		for ( $attempt = 1; ; ++$attempt ) {
			$database->begin();
			try {
				$result = $work();
				$database->commit();
				return $result;
			} catch ( AgentError $error ) {
				self::give_up( $database );
				if ( ! self::is_deadlock( $error ) || $attempt >= self::ATTEMPTS ) {
					throw $error;
				}
			}
			usleep( 20000 * $attempt );
		}
	}

	/** Whether the server has ended the transaction because of another one. */
	public static function is_deadlock( AgentError $error ): bool {
		return self::DEADLOCK === ( $error->detail()['errno'] ?? 0 );
	}

	/** The error before it is what counts: a connection that is gone has nothing to roll back. */
	private static function give_up( Database $database ): void {
		try {
			$database->rollback();
		} catch ( AgentError $error ) {
			unset( $error );
		}
	}
}
