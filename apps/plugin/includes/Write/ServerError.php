<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Names for what a target's database refuses.
 */
final class ServerError {

	/** Lost connection, too many connections: the same statement may work a moment later. */
	private const PASSING = array( 2002, 2006, 2013, 1040, 1053, 1927 );
	/** Somebody else held a row or a table for too long (also of metadata), a deadlock, a lock that is not waited for. */
	private const LOCKED  = array( 1205, 1213, 3572 );
	private const RIGHTS  = array( 1044, 1142, 1143, 1227, 1370, 1419 );
	private const FULL    = array( 1021, 1114 );
	private const PACKET  = array( 1153, 2020 );

	/** The error with the code people can act on; others than the database's are returned as they are. */
	public static function explain( AgentError $error, string $table = '' ): AgentError {
		$errno = (int) ( $error->detail()['errno'] ?? 0 );
		if ( 'agent.failed' !== $error->error_code() || 0 === $errno || in_array( $errno, self::PASSING, true ) ) {
			return $error;
		}
		$reason = ( '' === $table ? '' : $table . ': ' ) . $error->getMessage();
		$detail = array( 'reason' => $reason ) + $error->detail();
		$code   = 'target.database_failed';
		if ( in_array( $errno, self::LOCKED, true ) ) {
			return new AgentError( 'target.locked', $reason, true, $detail, $error );
		}
		if ( self::is_rights( $errno ) ) {
			$code = 'target.rights_missing';
		} elseif ( in_array( $errno, self::FULL, true ) || preg_match( '/No space left|errno: 28\b/i', $reason ) ) {
			$code = 'target.disk_full';
		} elseif ( in_array( $errno, self::PACKET, true ) ) {
			$code = 'source.row_too_large';
		}
		return new AgentError( $code, $reason, false, $detail, $error );
	}

	public static function is_rights( int $errno ): bool {
		return in_array( $errno, self::RIGHTS, true );
	}
}
