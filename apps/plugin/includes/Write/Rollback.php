<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Brings back what a commit has replaced; what it had brought is staged again.
 */
final class Rollback {

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * Rolls a committed session back. Doing it again changes nothing.
	 *
	 * @throws AgentError Code `agent.invalid_arguments` when there is no restore point.
	 */
	public function roll_back(): void {
		$phase = $this->session->phase();
		if ( ! $this->session->is_merge() ) {
			throw AgentError::invalid_arguments( 'a replacement has no restore point' );
		}
		if ( in_array( $phase, array( Session::PHASE_COMMITTED, Session::PHASE_KEPT ), true ) ) {
			$this->undo();
		}
	}

	/**
	 * Undoes a commit, however far it is.
	 *
	 * @throws AgentError When that is not possible now; the next call of the session tries again.
	 */
	public function undo(): void {
		$this->session->journal()->set( array( 'phase' => Session::PHASE_ROLLING_BACK ) );
		$this->resume();
	}

	/**
	 * Goes on with a rollback that was begun.
	 *
	 * @throws AgentError As `undo()` does.
	 */
	public function resume(): void {
		Patience::unlimited();
		$objects     = new SchemaObjects( $this->session );
		$maintenance = new Maintenance( $this->session->root() );
		$maintenance->begin();
		try {
			$objects->drop();
			( new TableSwap( $this->session ) )->back();
			( new FileSwap( $this->session ) )->back();
			$objects->restore_all();
		} catch ( AgentError $error ) {
			throw ServerError::explain( $error );
		}
		Caches::reset();
		// In this order: a crash in between does it all again, and the maintenance mode has an end.
		$maintenance->end();
		$this->session->journal()->set( array( 'phase' => Session::PHASE_ROLLED_BACK ) );
	}
}
