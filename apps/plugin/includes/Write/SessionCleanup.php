<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Removes what sessions leave behind.
 */
final class SessionCleanup {

	/**
	 * @var SessionStore
	 */
	private $store;

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( SessionStore $store, Session $session ) {
		$this->store   = $store;
		$this->session = $session;
	}

	/**
	 * Ends every other session that has changed nothing yet: the job it belonged to is gone. Committed ones
	 * stay until their time is up, they are restore points.
	 *
	 * @throws AgentError When one of them is at work at this moment.
	 */
	public static function abandon_others( SessionStore $store, Session $session ): void {
		foreach ( $store->all() as $other ) {
			if ( $other->id() === $session->id() ) {
				continue;
			}
			$store->lock( $other->id(), true );
			$other = $store->find( $other->id() );
			if ( null === $other ) {
				continue;
			}
			Recovery::run( $other );
			$unfinished = array( Session::PHASE_OPEN, Session::PHASE_ROLLED_BACK, Session::PHASE_FINISHING );
			if ( in_array( $other->phase(), $unfinished, true ) || ! $other->is_merge() ) {
				( new self( $store, $other ) )->finish( false );
			} elseif ( self::is_expired( $other ) ) {
				( new self( $store, $other ) )->finish( true );
			}
		}
	}

	/**
	 * Ends the session. Doing it again changes nothing.
	 *
	 * @param bool $remove_restore_point Also if the commit was told to keep it.
	 * @throws AgentError Codes of ServerError and DiskError.
	 */
	public function finish( bool $remove_restore_point ): void {
		$phase = $this->session->phase();
		$keep  = ! $remove_restore_point && true === $this->session->journal()->get( 'keep' )
			&& in_array( $phase, array( Session::PHASE_COMMITTED, Session::PHASE_KEPT ), true );
		try {
			if ( $keep ) {
				$this->forget_staging();
				$this->session->journal()->set( array( 'phase' => Session::PHASE_KEPT ) );
				return;
			}
			// From here on there is no way back, so nobody may believe in the restore point.
			$this->session->journal()->set( array( 'phase' => Session::PHASE_FINISHING ) );
			( new TableSwap( $this->session ) )->drop( true );
			$this->session->control()->forget();
			$this->store->remove( $this->session->id() );
		} catch ( AgentError $error ) {
			throw ServerError::explain( $error );
		}
	}

	private static function is_expired( Session $session ): bool {
		$until = $session->journal()->get( 'restorePointUntil' );
		return is_int( $until ) && time() >= $until;
	}

	private function forget_staging(): void {
		( new TableSwap( $this->session ) )->drop( false );
		FileTree::remove( rtrim( $this->session->staging_dir(), '/' ) );
		$this->session->control()->forget( true );
	}
}
