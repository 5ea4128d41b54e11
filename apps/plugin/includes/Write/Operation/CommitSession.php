<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\AgentError;
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
		$args  = $request->args();
		$until = $args['restorePointUntil'] ?? null;
		if ( null !== $until && ! is_int( $until ) ) {
			throw AgentError::invalid_arguments( 'restorePointUntil is in Unix seconds' );
		}
		$expect = isset( $args['expect'] ) ? $request->items( 'expect' ) : array();
		( new Committer( $session ) )->commit( true === ( $args['keepRestorePoint'] ?? false ), $until, $expect );
		return array(
			'phase'         => $session->phase(),
			'maintenanceMs' => (int) $session->journal()->get( 'maintenanceMs', 0 ),
		);
	}
}
