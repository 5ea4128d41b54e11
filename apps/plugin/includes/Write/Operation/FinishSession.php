<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Write\Recovery;
use WpCloneRestore\Write\SessionCleanup;
use WpCloneRestore\Write\SessionStore;

/**
 * Ends a session: staging goes, and the restore point unless it is to be kept. A session that is not there has ended.
 */
final class FinishSession implements Operation {

	public function name(): string {
		return 'session.finish';
	}

	public function mutates(): bool {
		return true;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$id    = $request->text( 'session' );
		$store = new SessionStore( $request->environment() );
		if ( null !== $store->find( $id ) ) {
			$store->lock( $id, true );
			$session = $store->open( $id );
			Recovery::run( $session );
			( new SessionCleanup( $store, $session ) )->finish( true === ( $request->args()['removeRestorePoint'] ?? false ) );
		}
		$out->write_json( array( 'ok' => true ) );
	}
}
