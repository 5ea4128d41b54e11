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
}
