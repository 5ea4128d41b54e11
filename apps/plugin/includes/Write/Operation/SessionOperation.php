<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Write\Recovery;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\SessionStore;

/**
 * An operation inside a session: waits for its turn, and ends what a crash has interrupted before it begins.
 */
abstract class SessionOperation implements Operation {

	public function mutates(): bool {
		return true;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$id    = $request->text( 'session' );
		$store = new SessionStore( $request->environment() );
		// First, so that no lock file is left for a session there never was.
		$store->open( $id );
		$store->lock( $id, $this->is_exclusive() );
		$session = $store->open( $id );
		if ( Recovery::is_needed( $session ) ) {
			$store->lock( $id, true );
			Recovery::run( $store->open( $id ) );
			$store->lock( $id, $this->is_exclusive() );
			$session = $store->open( $id );
		}
		$out->write_json( $this->run( $session, $request ) );
	}

	/** Whether no other request of the session may run at the same time. */
	protected function is_exclusive(): bool {
		return false;
	}

	/**
	 * Does the work.
	 *
	 * @return array<string, mixed> The answer.
	 * @throws AgentError Any failure.
	 */
	abstract protected function run( Session $session, Request $request ): array;
}
