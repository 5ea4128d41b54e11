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
	 * As in a commit, many rows take long, but nobody sees them before their transaction ends: so the site is closed only while files
	 * take their place inside of it. Exchanging tables would end it; then the site is closed first.
	 *
	 * @throws AgentError As `undo()` does.
	 */
	public function resume(): void {
		Patience::unlimited();
		$maintenance = new Maintenance( $this->session->root(), Rescue::code( $this->session ) );
		$close       = static function () use ( $maintenance ): void {
			$maintenance->begin();
		};
		$files       = function () use ( $close ): void {
			$close();
			( new FileSwap( $this->session ) )->back();
		};
		if ( array() === $this->session->tables()->swapped() ) {
			$this->take_rows_back( $maintenance, $files );
		} else {
			$close();
			$this->take_rows_back( $maintenance, $close );
		}
		try {
			$this->take_rest_back();
		} catch ( AgentError $error ) {
			throw ServerError::explain( $error );
		}
		Caches::reset();
		// In this order: a crash in between does it all again, and the maintenance mode has an end.
		$maintenance->end();
		$this->session->journal()->set( array( 'phase' => Session::PHASE_ROLLED_BACK ) );
	}

	/**
	 * Rows go back first: if a visitor's row is in the way, the site stays as restored.
	 *
	 * @param callable(): void $at_last As for `RowMerge::back()`.
	 * @throws AgentError Code `target.changed`, and those of ServerError and DiskError.
	 */
	private function take_rows_back( Maintenance $maintenance, callable $at_last ): void {
		$rows = new RowMerge( $this->session );
		try {
			$rows->back( $at_last );
		} catch ( AgentError $error ) {
			// The new rows are live, so everything else of the commit is to be. If that cannot be told, the next call finds out.
			if ( $rows->is_done() ) {
				( new FileSwap( $this->session ) )->forward();
				$maintenance->end();
				$this->session->journal()->set( array( 'phase' => $this->session->journal()->get( 'rolledBackFrom', Session::PHASE_COMMITTED ) ) );
			}
			throw $error;
		}
	}

	/** Tables, files and what belongs to tables; what is back already stays. */
	private function take_rest_back(): void {
		$objects = new SchemaObjects( $this->session );
		$swap    = new TableSwap( $this->session );
		// Not when the tables are back already: what belongs to them is being made again.
		if ( ! $swap->is_back() ) {
			$objects->drop();
			$swap->back();
		}
		( new FileSwap( $this->session ) )->back();
		$objects->restore_all();
	}
}
