<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\Committer;
use WpCloneRestore\Write\Session;

/**
 * Puts everything staged in its place.
 */
final class CommitSession extends SessionOperation {

	public function name(): string {
		return 'session.commit';
	}

	protected function is_exclusive(): bool {
		return true;
	}

	protected function run( Session $session, Request $request ): array {
		( new Committer( $session ) )->commit( true === ( $request->args()['keepRestorePoint'] ?? false ) );
		return array( 'phase' => $session->phase() );
	}
}
