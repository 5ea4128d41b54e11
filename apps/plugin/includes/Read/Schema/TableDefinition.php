<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Schema;

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
	 * Names of foreign keys to tables that are not copied: a copy cannot have them.
	 *
	 * @var array<int, string>
	 */
	public $foreign_keys_left_out = array();

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
			$name = isset( $match[1] ) ? SqlText::unquote_identifier( $match[1] ) : '';
			$key  = self::with_placeholders( $definition, $table, $database, $tables );
			if ( null === $key ) {
				$this->foreign_keys_left_out[] = $name;
				continue;
			}
			$this->foreign_keys[] = array(
				'name' => $name,
				'sql'  => 'ALTER TABLE {{table}} ADD ' . $key,
			);
		}
		$head = (string) preg_replace( '/^(CREATE\s+TABLE\s+)(?:`(?:[^`]|``)*`\.)?`(?:[^`]|``)*`/i', '$1{{table}}', $head );

		$this->create_sql = $head . "\n  " . implode( ",\n  ", $kept ) . "\n" . self::without_places( $tail );
	}

	/**
	 * The table after REFERENCES becomes a placeholder; null when it is not copied.
	 *
	 * @param array<int, string> $tables The tables that are copied.
	 */
	private static function with_placeholders( string $definition, string $table, string $database, array $tables ): ?string {
		if ( ! preg_match( '/^(.*\)\s*REFERENCES\s+)((?:`(?:[^`]|``)+`\s*\.\s*)?)(`(?:[^`]|``)+`)(\s*\(.*)$/is', $definition, $match ) ) {
			return null;
		}
		$schema = '' === $match[2] ? $database : SqlText::unquote_identifier( rtrim( $match[2], " .\n\t" ) );
		$name   = SqlText::unquote_identifier( $match[3] );
		if ( 0 !== strcasecmp( $schema, $database ) ) {
			return null;
		}
		$copied = self::copied_name( $name, $table, $tables );
		return null === $copied ? null : $match[1] . '{{table:' . $copied . '}}' . $match[4];
	}

	/**
	 * @param array<int, string> $tables The tables that are copied.
	 */
	private static function copied_name( string $name, string $table, array $tables ): ?string {
		foreach ( array_merge( array( $table ), $tables ) as $candidate ) {
			if ( $candidate === $name ) {
				return $candidate;
			}
		}
		foreach ( $tables as $candidate ) {
			// Some servers print the referenced name in lower case.
			if ( 0 === strcasecmp( $candidate, $name ) ) {
				return $candidate;
			}
		}
		return null;
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
