<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use Throwable;
use WpCloneRestore\Agent\AgentError;

/**
 * Puts everything that is staged in its place. The journal says what is going on before it is begun, and every part may be done
 * twice: whoever comes after a crash simply does them all again.
 */
final class Committer {

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * Commits. Doing it again changes nothing. A failure is undone before it is reported.
	 *
	 * Whatever can be done or can fail before visitors notice comes before `resume()`: until then nothing but staging is touched.
	 *
	 * @param bool              $keep_restore_point Whether a rollback must be possible after the session's end.
	 * @param int|null          $until              When a kept restore point may go, Unix seconds.
	 * @param array<int, mixed> $expect             What live tables must hold that are swapped; see LiveCheck.
	 * @throws AgentError What went wrong, when the target is as before.
	 */
	public function commit( bool $keep_restore_point, ?int $until = null, array $expect = array() ): void {
		if ( in_array( $this->session->phase(), array( Session::PHASE_COMMITTED, Session::PHASE_KEPT ), true ) ) {
			return;
		}
		$this->session->assert_open();
		if ( ! $this->session->is_merge() ) {
			$this->session->journal()->set( array( 'phase' => Session::PHASE_COMMITTED ) );
			Caches::reset();
			return;
		}
		Patience::unlimited();
		$expect  = LiveCheck::checked( $this->session, $expect );
		$objects = new SchemaObjects( $this->session );
		try {
			OwnOptionsCarrier::carry( $this->session );
			( new FileSwap( $this->session ) )->plan();
			( new TableSwap( $this->session ) )->probe_locks( $objects->tables_beside() );
			( new RowMerge( $this->session ) )->check();
			$captured = $objects->capture();
		} catch ( AgentError $error ) {
			throw ServerError::explain( $error );
		}
		$this->session->journal()->set(
			array(
				'phase'             => Session::PHASE_COMMITTING,
				'keep'              => $keep_restore_point,
				'restorePointUntil' => $until,
				'expect'            => $expect,
				'objects'           => $captured,
				'views'             => array(),
			)
		);
		$this->resume();
	}

	/**
	 * Goes on with a commit that was begun.
	 *
	 * @throws AgentError What went wrong, when the target is as before.
	 */
	public function resume(): void {
		Patience::unlimited();
		try {
			$this->swap();
		} catch ( Throwable $error ) {
			( new Rollback( $this->session ) )->undo();
			throw $error instanceof AgentError ? ServerError::explain( $error ) : $error;
		}
	}

	/**
	 * Rows come last: their transaction is the one step that can be refused because of what visitors did, and after it nothing is
	 * left that can. A crash before it leaves nothing of the rows, a crash after it leaves the mark.
	 *
	 * Many rows take long, but nobody sees them before the transaction ends: so they are exchanged first, and the site is closed only
	 * while everything else takes its place inside the transaction. Exchanging tables would end it; then rows wait until that is done.
	 */
	private function swap(): void {
		$maintenance = new Maintenance( $this->session->root(), Rescue::code( $this->session ) );
		$rows        = new RowMerge( $this->session );
		$place       = function () use ( $maintenance ): void {
			$this->place( $maintenance );
		};
		if ( array() === $this->session->tables()->swapped() ) {
			$rows->forward( $place );
		} else {
			$place();
			$rows->forward();
		}
		Caches::reset();
		// In this order: a crash in between does it all again, and the maintenance mode has an end.
		$maintenance->end();
		$this->session->journal()->set(
			array(
				'phase'         => Session::PHASE_COMMITTED,
				'maintenanceMs' => $maintenance->milliseconds(),
				'committedAt'   => microtime( true ),
			)
		);
	}

	/** Everything but rows. Doing it again changes nothing. */
	private function place( Maintenance $maintenance ): void {
		$objects = new SchemaObjects( $this->session );
		$maintenance->begin();
		( new LiveCheck( $this->session ) )->check();
		if ( array() !== $this->session->tables()->swapped() ) {
			$objects->drop();
			( new TableSwap( $this->session ) )->forward();
		}
		( new FileSwap( $this->session ) )->forward();
		$objects->restore_incoming();
	}
}
