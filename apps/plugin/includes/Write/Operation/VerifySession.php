<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\Verifier;

/**
 * Compares tables with what was sent.
 */
final class VerifySession extends SessionOperation {

	public function name(): string {
		return 'session.verify';
	}

	public function mutates(): bool {
		return false;
	}

	protected function run( Session $session, Request $request ): array {
		$problems = ( new Verifier( $session ) )->problems( $request->items( 'tables' ) );
		return array(
			'ok'       => array() === $problems,
			'problems' => $problems,
		);
	}
}
