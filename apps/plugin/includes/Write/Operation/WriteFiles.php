<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\FileStaging;
use WpCloneRestore\Write\Session;

/**
 * Writes parts of files at their offsets.
 */
final class WriteFiles extends SessionOperation {

	public function name(): string {
		return 'files.write';
	}

	protected function run( Session $session, Request $request ): array {
		$staging = new FileStaging( $session );
		$parts   = 0;
		foreach ( $request->frames() as $frame ) {
			if ( 'F' !== $frame->kind ) {
				throw AgentError::malformed( 'only file parts can be written as files' );
			}
			$staging->write( $frame );
			++$parts;
		}
		return array( 'parts' => $parts );
	}
}
