<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\FileStaging;
use WpCloneRestore\Write\Session;

/**
 * Marks paths for removal.
 */
final class RemoveFiles extends SessionOperation {

	public function name(): string {
		return 'files.remove';
	}

	protected function run( Session $session, Request $request ): array {
		$session->assert_open();
		if ( true === ( $request->args()['reset'] ?? false ) ) {
			( new FileStaging( $session ) )->reset();
		}
		( new FileStaging( $session ) )->remove( $request->items( 'paths' ) );
		return array( 'ok' => true );
	}
}
