<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\MergeStaging;
use WpCloneRestore\Write\Session;

/**
 * Makes empty tables for rows that will be merged into live ones.
 */
final class MergeTables extends SessionOperation {

	public function name(): string {
		return 'tables.merge';
	}

	protected function is_exclusive(): bool {
		return true;
	}

	protected function run( Session $session, Request $request ): array {
		$session->assert_open();
		$missing = true === ( $request->args()['missing'] ?? false );
		if ( true === ( $request->args()['reset'] ?? false ) ) {
			( new MergeStaging( $session ) )->reset();
		}
		( new MergeStaging( $session ) )->merge( $request->items( 'tables' ), $missing );
		return array( 'ok' => true );
	}
}
