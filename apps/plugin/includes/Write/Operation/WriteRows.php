<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\LoadWarnings;
use WpCloneRestore\Write\RowWriter;
use WpCloneRestore\Write\Session;

/**
 * Inserts frames of rows, each exactly once.
 */
final class WriteRows extends SessionOperation {

	public function name(): string {
		return 'rows.write';
	}

	protected function run( Session $session, Request $request ): array {
		$session->assert_open();
		$warnings = new LoadWarnings();
		$writer   = new RowWriter( $session, $warnings );
		foreach ( $request->frames() as $frame ) {
			if ( 'R' !== $frame->kind ) {
				throw AgentError::malformed( 'only rows can be written as rows' );
			}
			$writer->write( $frame );
		}
		$writer->finish();
		return array(
			'tables'   => (object) $writer->sequences(),
			'warnings' => $warnings->lines(),
		);
	}
}
