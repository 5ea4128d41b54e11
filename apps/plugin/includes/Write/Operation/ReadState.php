<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\TableNames;
use WpCloneRestore\Write\TablePlace;

/**
 * Tells how far a session is, so that a worker goes on exactly there.
 */
final class ReadState extends SessionOperation {

	public function name(): string {
		return 'session.state';
	}

	public function mutates(): bool {
		return false;
	}

	protected function run( Session $session, Request $request ): array {
		$parts = array(
			TableNames::ROWS   => array(),
			TableNames::FORMER => array(),
		);
		foreach ( self::places( $session ) as $key => $place ) {
			list( $name, $part )     = TableNames::parts_of( (string) $key );
			$parts[ $part ][ $name ] = array(
				'sequence' => $place->sequence,
				'cursor'   => $place->cursor,
				'rows'     => $place->rows,
			);
		}
		$former = $parts[ TableNames::FORMER ] ? array( 'former' => (object) $parts[ TableNames::FORMER ] ) : array();
		return array(
			'phase'  => $session->phase(),
			'tables' => (object) $parts[ TableNames::ROWS ],
		) + $former;
	}

	/**
	 * @return array<string, TablePlace>
	 */
	private static function places( Session $session ): array {
		// After the end there is nothing to go on with, and no control table.
		return Session::PHASE_KEPT === $session->phase() ? array() : $session->control()->places();
	}
}
