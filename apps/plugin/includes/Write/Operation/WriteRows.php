<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\LoadWarnings;
use WpCloneRestore\Write\RowWriter;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\TableNames;

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
		$sequences = array(
			TableNames::ROWS   => array(),
			TableNames::FORMER => array(),
		);
		foreach ( $writer->sequences() as $key => $sequence ) {
			list( $name, $part )          = TableNames::parts_of( (string) $key );
			$sequences[ $part ][ $name ] = $sequence;
		}
		// Only merges have former parts.
		$former = $sequences[ TableNames::FORMER ] ? array( 'former' => (object) $sequences[ TableNames::FORMER ] ) : array();
		return array( 'tables' => (object) $sequences[ TableNames::ROWS ] ) + $former + array( 'warnings' => $warnings->lines() );
	}
}
