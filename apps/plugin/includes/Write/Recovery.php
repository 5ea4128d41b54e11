<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Ends what a crash has interrupted: a commit goes on and, if it cannot, is undone; a rollback goes on.
 */
final class Recovery {

	/** Whether a commit or rollback of the session was begun and not ended. */
	public static function is_needed( Session $session ): bool {
		return in_array( $session->phase(), array( Session::PHASE_COMMITTING, Session::PHASE_ROLLING_BACK ), true );
	}

	/**
	 * Does nothing if nothing was interrupted. The caller holds the session alone. What was undone because it could not go on is no
	 * failure here: the caller's own operation meets the session as it is then.
	 *
	 * @throws AgentError When neither way out works; the next call tries again.
	 */
	public static function run( Session $session ): void {
		try {
			if ( Session::PHASE_COMMITTING === $session->phase() ) {
				( new Committer( $session ) )->resume();
			} elseif ( Session::PHASE_ROLLING_BACK === $session->phase() ) {
				( new Rollback( $session ) )->resume();
			}
		} catch ( AgentError $error ) {
			if ( self::is_needed( $session ) ) {
				throw $error;
			}
		}
	}
}
