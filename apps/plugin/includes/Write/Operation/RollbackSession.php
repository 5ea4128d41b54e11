<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\Rollback;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\SessionStore;

/**
 * Brings back what a commit has replaced.
 */
final class RollbackSession extends SessionOperation {

	public function name(): string {
		return 'session.rollback';
	}

	protected function is_exclusive(): bool {
		return true;
	}

	protected function run( Session $session, Request $request ): array {
		( new SessionStore( $request->environment() ) )->assert_newest( $session );
		( new Rollback( $session ) )->roll_back();
		return array( 'phase' => $session->phase() );
	}
}
