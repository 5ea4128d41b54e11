<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\StatementRunner;

/**
 * Runs what comes after the rows: foreign keys, views, triggers, statistics.
 */
final class ExecuteStatements extends SessionOperation {

	public function name(): string {
		return 'session.execute';
	}

	protected function is_exclusive(): bool {
		return true;
	}

	protected function run( Session $session, Request $request ): array {
		return array( 'warnings' => ( new StatementRunner( $session ) )->run( $request->items( 'statements' ) ) );
	}
}
