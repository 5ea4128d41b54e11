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
	 * Does nothing if nothing was interrupted. The caller holds the session alone.
	 *
	 * @throws AgentError When neither way out works; the next call tries again.
	 */
	public static function run( Session $session ): void {
		if ( Session::PHASE_COMMITTING === $session->phase() ) {
			( new Committer( $session ) )->resume();
		} elseif ( Session::PHASE_ROLLING_BACK === $session->phase() ) {
			( new Rollback( $session ) )->resume();
		}
	}
}
