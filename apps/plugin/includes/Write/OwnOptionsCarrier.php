<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Support\Database;
use WpCloneRestore\Support\OwnOptions;

/**
 * Carries the agent's own options (its key, the name of its work folder) from the live options table into the staged one: without
 * them the agent would not know itself after the swap.
 */
final class OwnOptionsCarrier {

	/** Does nothing when the options table is not swapped by the session. Doing it again changes nothing. */
	public static function carry( Session $session ): void {
		$name   = $session->prefix() . 'options';
		$tables = $session->tables();
		if ( ! $tables->has( $name ) || $tables->is_merged( $name ) || ! self::exists( $session->database(), $name ) ) {
			return;
		}
		$database = $session->database();
		$staged   = Database::quote_identifier( $tables->staging( $name ) );
		$live     = Database::quote_identifier( $name );
		$like     = $database->like_prefix( OwnOptions::PREFIX );
		$names    = array();
		$writer   = new OptionWriter( $session );
		foreach ( $database->select( "SELECT option_name, option_value FROM {$live} WHERE option_name LIKE {$like}" ) as $row ) {
			$names[] = $database->quote( (string) $row['option_name'] );
			$writer->write(
				$name,
				array(
					array(
						'name'     => (string) $row['option_name'],
						'value'    => (string) $row['option_value'],
						'autoload' => 'no',
					),
				)
			);
		}
		$others = $names ? ' AND option_name NOT IN (' . implode( ',', $names ) . ')' : '';
		$database->exec( "DELETE FROM {$staged} WHERE option_name LIKE {$like}{$others}" );
	}

	private static function exists( Database $database, string $table ): bool {
		return array() !== $database->select( 'SHOW TABLES LIKE ' . $database->quote( addcslashes( $table, '_%\\' ) ) );
	}
}
