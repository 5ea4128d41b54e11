<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Request;

/**
 * Lets operations that read look at what a session has staged, while it is open.
 */
final class StagedParts {

	/**
	 * The store holds the session's lock until the request ends.
	 *
	 * @var SessionStore|null
	 */
	private static $store;

	/**
	 * The session a request names.
	 *
	 * @throws AgentError Codes `agent.session_unknown` and `agent.invalid_arguments`.
	 */
	public static function open( Request $request ): Session {
		$id          = $request->text( 'session' );
		self::$store = new SessionStore( $request->environment() );
		self::$store->open( $id );
		self::$store->lock( $id, false );
		$session = self::$store->open( $id );
		$session->assert_open();
		if ( ! $session->is_merge() ) {
			throw AgentError::invalid_arguments( 'a replacement stages nothing' );
		}
		return $session;
	}

	/**
	 * Where a file waits, if it does.
	 *
	 * @param string $path A safe relative path.
	 * @throws AgentError Code `agent.path_refused` for a path that leads out of staging through a link.
	 */
	public static function file( Session $session, string $path ): string {
		$base   = realpath( $session->staging_dir() );
		$folder = realpath( dirname( $session->staging_dir() . $path ) );
		if ( false !== $folder && 0 !== strpos( $folder . '/', $base . '/' ) ) {
			throw AgentError::path_refused( $path );
		}
		return $session->staging_dir() . $path;
	}
}
