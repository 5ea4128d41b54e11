<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Support\Database;

/**
 * One session of writing: where its things are and how far it is.
 */
final class Session {

	public const REPLACE = 'replace';
	public const MERGE   = 'merge';

	public const PHASE_OPEN         = 'open';
	public const PHASE_COMMITTING   = 'committing';
	public const PHASE_COMMITTED    = 'committed';
	public const PHASE_ROLLING_BACK = 'rolling-back';
	public const PHASE_ROLLED_BACK  = 'rolled-back';
	public const PHASE_FINISHING    = 'finishing';
	/** Finished, but what is needed to roll back is still there. */
	public const PHASE_KEPT = 'kept';

	/** How long a statement waits for a lock. */
	private const LOCK_SECONDS = 10;

	/**
	 * @var string
	 */
	private $id;

	/**
	 * @var string
	 */
	private $dir;

	/**
	 * @var Environment
	 */
	private $environment;

	/**
	 * @var Journal
	 */
	private $journal;

	/**
	 * @param string $dir The session's folder, with trailing slash.
	 */
	public function __construct( string $id, string $dir, Environment $environment ) {
		$this->id          = $id;
		$this->dir         = $dir;
		$this->environment = $environment;
		$this->journal     = new Journal( $dir . 'journal.json' );
	}

	public function id(): string {
		return $this->id;
	}

	public function environment(): Environment {
		return $this->environment;
	}

	public function journal(): Journal {
		return $this->journal;
	}

	public function phase(): string {
		return (string) $this->journal->get( 'phase', self::PHASE_OPEN );
	}

	public function is_merge(): bool {
		return self::MERGE === $this->journal->get( 'mode' );
	}

	/** True while what is written goes to staging and visitors see nothing of it. */
	public function is_staging(): bool {
		return $this->is_merge() && in_array( $this->phase(), array( self::PHASE_OPEN, self::PHASE_ROLLED_BACK ), true );
	}

	public function prefix(): string {
		return (string) $this->journal->get( 'prefix', '' );
	}

	/** The site's database, for statements that change it: these wait for nobody for long. */
	public function database(): Database {
		$database = $this->environment->database();
		$database->limit_lock_waits( self::LOCK_SECONDS );
		return $database;
	}

	/** The site root, with trailing slash. */
	public function root(): string {
		return rtrim( $this->environment->root(), '/' ) . '/';
	}

	/** The session's folder, with trailing slash. */
	public function dir(): string {
		return $this->dir;
	}

	/** Where the agent keeps all its sessions; never a place for a site's files. */
	public function work_dir(): string {
		return rtrim( $this->environment->work_dir(), '/' ) . '/';
	}

	/** Where files wait for the commit. */
	public function staging_dir(): string {
		return $this->dir . 'files/';
	}

	/** Where former versions of files are kept. */
	public function restore_dir(): string {
		return $this->dir . 'restore/';
	}

	public function tables(): TableNames {
		return new TableNames( $this );
	}

	public function control(): ControlTable {
		return new ControlTable( $this->database(), $this->prefix(), $this->id );
	}

	/**
	 * @throws AgentError Code `agent.invalid_arguments` unless the session is open for writing.
	 */
	public function assert_open(): void {
		if ( ! in_array( $this->phase(), array( self::PHASE_OPEN, self::PHASE_ROLLED_BACK ), true ) ) {
			throw AgentError::invalid_arguments( 'the session is ' . $this->phase() );
		}
	}
}
