<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\TableStaging;

/**
 * Makes empty tables for rows.
 */
final class CreateTables extends SessionOperation {

	public function name(): string {
		return 'tables.create';
	}

	protected function run( Session $session, Request $request ): array {
		$session->assert_open();
		$missing = true === ( $request->args()['missing'] ?? false );
		return array( 'warnings' => ( new TableStaging( $session ) )->create( $request->items( 'tables' ), $missing ) );
	}
}
