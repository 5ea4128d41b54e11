<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Character sets and collations a server knows, so that the worker can map those it doesn't.
 */
final class Charsets {

	/**
	 * @return array<int, string>
	 */
	public static function charsets( Database $database ): array {
		return $database->column( 'SHOW CHARACTER SET' );
	}

	/**
	 * @return array<int, string>
	 */
	public static function collations( Database $database ): array {
		$names = $database->column( 'SHOW COLLATION' );
		try {
			// MariaDB lists its newer collations once for all charsets; their full names are here only.
			$names = array_merge( $names, $database->column( 'SELECT FULL_COLLATION_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY' ) );
		} catch ( AgentError $error ) {
			return $names;
		}
		return array_values( array_unique( $names ) );
	}
}
