<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Environment;

/**
 * Finds and makes sessions, and lets one request at a time change a session as a whole.
 */
final class SessionStore {

	private const LOCK_SECONDS = 20;

	/**
	 * @var Environment
	 */
	private $environment;

	/**
	 * Locks are held until the request ends.
	 *
	 * @var array<string, resource>
	 */
	private $locks = array();

	public function __construct( Environment $environment ) {
		$this->environment = $environment;
	}

	/**
	 * @throws AgentError Codes `agent.invalid_arguments` and `agent.session_unknown`.
	 */
	public function open( string $id ): Session {
		$session = $this->find( $id );
		if ( null === $session ) {
			throw new AgentError( 'agent.session_unknown', 'There is no such session here.', true );
		}
		return $session;
	}

	/** The session, or null when there is none. */
	public function find( string $id ): ?Session {
		$dir = $this->dir( $id );
		if ( ! is_file( $dir . 'journal.json' ) ) {
			return null;
		}
		return new Session( $id, $dir, $this->environment );
	}

	/**
	 * Makes the session's folder and journal, or opens what is there.
	 *
	 * @param array<string, mixed> $members First content of the journal.
	 * @throws AgentError Codes of DiskError.
	 */
	public function create( string $id, array $members ): Session {
		$dir = $this->dir( $id );
		if ( ! is_dir( $dir ) && ! @mkdir( $dir, 0700, true ) && ! is_dir( $dir ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors
			throw DiskError::not_writable( $dir );
		}
		$session = new Session( $id, $dir, $this->environment );
		if ( ! $session->journal()->exists() ) {
			$session->journal()->set( array( 'phase' => Session::PHASE_OPEN ) + $members );
		}
		return $session;
	}

	/**
	 * All sessions there are.
	 *
	 * @return array<int, Session>
	 */
	public function all(): array {
		$sessions = array();
		foreach ( (array) glob( $this->folder() . '*/journal.json' ) as $file ) {
			$session = $this->find( basename( dirname( (string) $file ) ) );
			if ( null !== $session ) {
				$sessions[] = $session;
			}
		}
		return $sessions;
	}

	/**
	 * Makes sure that no other session was committed after this one and still stands: what it changed would be mixed with what this
	 * one brings back.
	 *
	 * @throws AgentError Code `target.restored_since`.
	 */
	public function assert_newest( Session $session ): void {
		foreach ( $this->all() as $other ) {
			$stands = $other->is_merge() && in_array( $other->phase(), array( Session::PHASE_COMMITTED, Session::PHASE_KEPT ), true );
			if ( $stands && $other->journal()->get( 'committedAt', 0 ) > $session->journal()->get( 'committedAt', 0 ) ) {
				throw new AgentError( 'target.restored_since', 'A later restore stands on this one.', false, array( 'reason' => 'session ' . $other->id() ) );
			}
		}
	}

	/**
	 * Holds the session until the request ends: many requests may share it, one may own it.
	 *
	 * @throws AgentError Code `agent.failed` when another request does not let go in time.
	 */
	public function lock( string $id, bool $exclusive ): void {
		unset( $this->locks[ $id ] );
		if ( ! is_dir( $this->folder() ) && ! @mkdir( $this->folder(), 0700, true ) && ! is_dir( $this->folder() ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors
			throw DiskError::not_writable( $this->folder() );
		}
		$handle = @fopen( rtrim( $this->dir( $id ), '/' ) . '.lock', 'cb' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $handle ) {
			throw DiskError::not_writable( $this->dir( $id ) );
		}
		$deadline = microtime( true ) + self::LOCK_SECONDS;
		while ( ! flock( $handle, ( $exclusive ? LOCK_EX : LOCK_SH ) | LOCK_NB ) ) {
			if ( microtime( true ) > $deadline ) {
				throw AgentError::failed( 'an earlier request of this session is still running' );
			}
			usleep( 20000 );
		}
		$this->locks[ $id ] = $handle;
	}

	/** Removes what is left of a session's folder. */
	public function remove( string $id ): void {
		FileTree::remove( rtrim( $this->dir( $id ), '/' ) );
		@unlink( rtrim( $this->dir( $id ), '/' ) . '.lock' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
	}

	private function dir( string $id ): string {
		if ( ! preg_match( '/^[0-9a-f]{12}$/D', $id ) ) {
			throw AgentError::invalid_arguments( 'a session is 12 hex digits' );
		}
		return $this->folder() . $id . '/';
	}

	private function folder(): string {
		return rtrim( $this->environment->work_dir(), '/' ) . '/sessions/';
	}
}
