<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Request;

/**
 * A file beside a clone that remembers what the clone was made of: `<work folder>/base/<name>`.
 */
final class BaseFile {

	/**
	 * Path of the file that a request names; its folder may not be there yet.
	 *
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public static function path_of( Request $request ): string {
		$name = $request->text( 'name' );
		if ( ! preg_match( '/^[a-z0-9-]{1,64}$/D', $name ) ) {
			throw AgentError::invalid_arguments( 'a name has 1 to 64 of a-z, 0-9 and -' );
		}
		return rtrim( $request->environment()->work_dir(), '/' ) . '/base/' . $name;
	}

	/**
	 * The offset a request names, if the file reaches so far.
	 *
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public static function offset_of( Request $request, int $size ): int {
		$offset = $request->args()['offset'] ?? null;
		if ( ! is_int( $offset ) || $offset < 0 || $offset > $size ) {
			throw AgentError::invalid_arguments( "the offset is not within the file's {$size} bytes" );
		}
		return $offset;
	}
}
