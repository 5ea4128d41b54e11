<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\FileStaging;
use WpCloneRestore\Write\Session;

/**
 * Makes folders and links.
 */
final class MakeFiles extends SessionOperation {

	public function name(): string {
		return 'files.make';
	}

	protected function run( Session $session, Request $request ): array {
		$staging = new FileStaging( $session );
		foreach ( $request->items( 'entries' ) as $entry ) {
			$staging->make( (array) $entry );
		}
		return array( 'entries' => count( $request->items( 'entries' ) ) );
	}
}
