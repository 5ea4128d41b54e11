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
		if ( ! $this->session->is_merge() ) {
			throw AgentError::invalid_arguments( 'a replacement has no restore point' );
		}
		if ( ! in_array( $this->session->phase(), array( Session::PHASE_COMMITTED, Session::PHASE_KEPT ), true ) ) {
			return;
		}
		$rows = new RowMerge( $this->session );
		if ( $rows->is_needed() && ! $rows->is_done() ) {
			throw new AgentError( 'target.changed', 'The restore point is gone.', true, array( 'reason' => 'the restore point of the rows is gone' ) );
		}
		( new TableSwap( $this->session ) )->probe_locks( ( new SchemaObjects( $this->session ) )->tables_beside() );
		$this->undo();
	}

	/**
	 * Undoes a commit, however far it is.
	 *
	 * @throws AgentError When that is not possible now; the next call of the session tries again.
	 */
	public function undo(): void {
		$this->session->journal()->set(
			array(
				'phase'          => Session::PHASE_ROLLING_BACK,
				'rolledBackFrom' => Session::PHASE_KEPT === $this->session->phase() ? Session::PHASE_KEPT : Session::PHASE_COMMITTED,
			)
		);
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
		$swap        = new TableSwap( $this->session );
		$maintenance = new Maintenance( $this->session->root(), Rescue::code( $this->session ) );
		$maintenance->begin();
		$this->take_rows_back( $maintenance );
		try {
			// Not when the tables are back already: what belongs to them is being made again.
			if ( ! $swap->is_back() ) {
				$objects->drop();
				$swap->back();
			}
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

	/**
	 * Rows go back first: if a visitor's row is in the way, nothing else has been touched, and the site stays as restored.
	 *
	 * @throws AgentError Code `target.changed`, and those of ServerError.
	 */
	private function take_rows_back( Maintenance $maintenance ): void {
		$rows = new RowMerge( $this->session );
		try {
			$rows->back();
		} catch ( AgentError $error ) {
			// The new rows are live, so everything else of the commit is too. If that cannot be told, the next call finds out.
			if ( $rows->is_done() ) {
				$maintenance->end();
				$this->session->journal()->set( array( 'phase' => $this->session->journal()->get( 'rolledBackFrom', Session::PHASE_COMMITTED ) ) );
			}
			throw $error;
		}
	}
}
