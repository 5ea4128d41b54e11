<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Write\Charsets;
use WpCloneRestore\Write\Preflight;
use WpCloneRestore\Write\Recovery;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\SessionCleanup;
use WpCloneRestore\Write\SessionStore;

/**
 * Checks what the target can do and opens a session.
 */
final class BeginSession implements Operation {

	public function name(): string {
		return 'session.begin';
	}

	public function mutates(): bool {
		return true;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$id   = $request->text( 'session' );
		$mode = $request->text( 'mode' );
		if ( ! in_array( $mode, array( Session::REPLACE, Session::MERGE ), true ) ) {
			throw AgentError::invalid_arguments( 'the mode is replace or merge' );
		}
		$store = new SessionStore( $request->environment() );
		$store->lock( $id, true );
		$known   = null !== $store->find( $id );
		$session = $store->create(
			$id,
			array(
				'mode'   => $mode,
				'prefix' => $request->text( 'prefix' ),
			)
		);
		Recovery::run( $session );
		$preflight = new Preflight( $session );
		try {
			$expect = (array) ( $request->args()['expect'] ?? array() );
			$preflight->check( $known ? 0 : (int) ( $expect['fileBytes'] ?? 0 ) );
			$preflight->check_writes( isset( $request->args()['writes'] ) ? $request->items( 'writes' ) : array() );
			SessionCleanup::abandon_others( $store, $session );
			$session->control()->create();
		} catch ( AgentError $error ) {
			if ( ! $known ) {
				$store->remove( $id );
			}
			throw $error;
		}
		$out->write_json( self::answer( $session, $preflight ) );
	}

	/**
	 * @return array<string, mixed>
	 */
	private static function answer( Session $session, Preflight $preflight ): array {
		$database = $session->database();
		return array(
			'maxRequestBytes' => Preflight::max_request_bytes(),
			'maxPacketBytes'  => $database->max_allowed_packet(),
			'charsets'        => Charsets::charsets( $database ),
			'collations'      => Charsets::collations( $database ),
			'rights'          => $preflight->optional_rights(),
		);
	}
}
