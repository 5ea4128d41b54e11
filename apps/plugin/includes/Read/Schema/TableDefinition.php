<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Schema;

use WpCloneRestore\Support\Database;

/**
 * A CREATE TABLE statement, taken apart: without foreign keys, and the foreign keys.
 */
final class TableDefinition {

	/**
	 * With `{{table}}` for the name.
	 *
	 * @var string
	 */
	public $create_sql;

	/**
	 * @var array<int, array{name: string, sql: string}>
	 */
	public $foreign_keys = array();

	/**
	 * @param string             $sql      As SHOW CREATE TABLE prints it.
	 * @param string             $table    The table's own name.
	 * @param string             $database Name of the database, which must not appear in the result.
	 * @param array<int, string> $tables   The tables that are copied.
	 */
	public function __construct( string $sql, string $table, string $database, array $tables ) {
		list( $head, $definitions, $tail ) = SqlText::split_create_table( $sql );

		$kept = array();
		foreach ( $definitions as $definition ) {
			if ( ! preg_match( '/^(?:CONSTRAINT\s+(`(?:[^`]|``)+`)\s+)?FOREIGN\s+KEY\b/i', $definition, $match ) ) {
				$kept[] = $definition;
				continue;
			}
			$this->foreign_keys[] = array(
				'name' => isset( $match[1] ) ? SqlText::unquote_identifier( $match[1] ) : '',
				'sql'  => 'ALTER TABLE {{table}} ADD ' . self::with_placeholders( $definition, $table, $database, $tables ),
			);
		}
		$head = (string) preg_replace( '/^(CREATE\s+TABLE\s+)(?:`(?:[^`]|``)*`\.)?`(?:[^`]|``)*`/i', '$1{{table}}', $head );

		$this->create_sql = $head . "\n  " . implode( ",\n  ", $kept ) . "\n" . self::without_places( $tail );
	}

	/**
	 * The table after REFERENCES becomes a placeholder; a name that only looks like a table's stays.
	 *
	 * @param array<int, string> $tables The tables that are copied.
	 */
	private static function with_placeholders( string $definition, string $table, string $database, array $tables ): string {
		if ( ! preg_match( '/^(.*\)\s*REFERENCES\s+)((?:`(?:[^`]|``)+`\s*\.\s*)?)(`(?:[^`]|``)+`)(\s*\(.*)$/is', $definition, $match ) ) {
			return $definition;
		}
		$schema = '' === $match[2] ? $database : SqlText::unquote_identifier( rtrim( $match[2], " .\n\t" ) );
		$name   = SqlText::unquote_identifier( $match[3] );
		if ( 0 !== strcasecmp( $schema, $database ) ) {
			return $definition;
		}
		return $match[1] . self::placeholder( $name, $table, $tables ) . $match[4];
	}

	/**
	 * @param array<int, string> $tables The tables that are copied.
	 */
	private static function placeholder( string $name, string $table, array $tables ): string {
		if ( $name === $table ) {
			return '{{table:' . $table . '}}';
		}
		foreach ( $tables as $candidate ) {
			// Some servers print the referenced name in lower case.
			if ( $candidate === $name || 0 === strcasecmp( $candidate, $name ) ) {
				return '{{table:' . $candidate . '}}';
			}
		}
		return Database::quote_identifier( $name );
	}

	/** Folders and tablespaces are the source server's own. */
	private static function without_places( string $tail ): string {
		$tokens = SqlText::tokens( $tail );
		$result = '';
		$count  = count( $tokens );
		for ( $at = 0; $at < $count; $at++ ) {
			$ahead = strtoupper( implode( '', array_slice( $tokens, $at, 3 ) ) );
			if ( in_array( $ahead, array( 'DATA DIRECTORY', 'INDEX DIRECTORY' ), true ) ) {
				$at += 3;
				while ( $at < $count && "'" !== $tokens[ $at ][0] ) {
					++$at;
				}
				continue;
			}
			$result .= $tokens[ $at ];
		}
		return $result;
	}
}
