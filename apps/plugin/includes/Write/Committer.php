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
	 * @param bool $keep_restore_point Whether a rollback must be possible after the session's end.
	 * @throws AgentError What went wrong, when the target is as before.
	 */
	public function commit( bool $keep_restore_point ): void {
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
		OwnOptionsCarrier::carry( $this->session );
		( new FileSwap( $this->session ) )->plan();
		$this->session->journal()->set(
			array(
				'phase'   => Session::PHASE_COMMITTING,
				'keep'    => $keep_restore_point,
				'objects' => ( new SchemaObjects( $this->session ) )->capture(),
				'views'   => array(),
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

	private function swap(): void {
		$objects     = new SchemaObjects( $this->session );
		$maintenance = new Maintenance( $this->session->root() );
		$maintenance->begin();
		$objects->drop();
		( new TableSwap( $this->session ) )->forward();
		( new FileSwap( $this->session ) )->forward();
		$objects->restore_incoming();
		Caches::reset();
		// In this order: a crash in between does it all again, and the maintenance mode has an end.
		$maintenance->end();
		$this->session->journal()->set( array( 'phase' => Session::PHASE_COMMITTED ) );
	}
}
