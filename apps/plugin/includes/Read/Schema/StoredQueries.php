<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Schema;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Views and triggers, without what ties them to the source: definer and name of the database.
 */
final class StoredQueries {

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * @var array<int, array{name: string, reason: string}>
	 */
	public $skipped = array();

	public function __construct( Database $database ) {
		$this->database = $database;
	}

	/**
	 * The views, each after those it reads.
	 *
	 * @param array<int, string> $names Names of the views.
	 * @return array<int, array{name: string, sql: string}>
	 */
	public function views( array $names ): array {
		$definitions = array();
		foreach ( $names as $name ) {
			try {
				$rows                 = $this->database->select( 'SHOW CREATE VIEW ' . $this->database->identifier( $name ) );
				$definitions[ $name ] = self::view_sql( (string) $rows[0]['Create View'], $this->database->name() );
			} catch ( AgentError $error ) {
				$this->skip( $name, $error->getMessage() );
			}
		}
		$views = array();
		foreach ( self::in_order( $definitions ) as $name ) {
			$views[] = array(
				'name' => $name,
				'sql'  => $definitions[ $name ],
			);
		}
		return $views;
	}

	/**
	 * The triggers of tables.
	 *
	 * @param array<int, string> $tables Names of tables.
	 * @return array<int, array{name: string, table: string, sql: string}>
	 */
	public function triggers( array $tables ): array {
		$triggers = array();
		foreach ( $this->database->select( 'SHOW TRIGGERS' ) as $row ) {
			if ( ! in_array( $row['Table'], $tables, true ) ) {
				continue;
			}
			$name = (string) $row['Trigger'];
			try {
				$rows       = $this->database->select( 'SHOW CREATE TRIGGER ' . $this->database->identifier( $name ) );
				$triggers[] = array(
					'name'  => $name,
					'table' => (string) $row['Table'],
					'sql'   => self::trigger_sql( (string) $rows[0]['SQL Original Statement'], $this->database->name() ),
				);
			} catch ( AgentError $error ) {
				$this->skip( $name, $error->getMessage() );
			}
		}
		return $triggers;
	}

	/** A CREATE VIEW statement without algorithm, definer, security and database. */
	public static function view_sql( string $sql, string $database ): string {
		$sql = (string) preg_replace( '/^CREATE\s.*?\bVIEW\s+(?=`)/is', 'CREATE VIEW ', $sql, 1 );
		return self::without_database( $sql, $database );
	}

	/** A CREATE TRIGGER statement without definer and database. */
	public static function trigger_sql( string $sql, string $database ): string {
		$sql = (string) preg_replace( '/^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*(?:`(?:[^`]|``)*`|[^\s@]+)\s*@\s*(?:`(?:[^`]|``)*`|\S+)\s+)?TRIGGER\b/is', 'CREATE TRIGGER', $sql, 1 );
		return self::without_database( $sql, $database );
	}

	/**
	 * Names sorted so that each comes after those whose name its SQL contains.
	 *
	 * @param array<string, string> $definitions SQL by name.
	 * @return array<int, string>
	 */
	public static function in_order( array $definitions ): array {
		$reads = array();
		foreach ( $definitions as $name => $sql ) {
			$reads[ $name ] = array();
			SqlText::map_identifiers(
				$sql,
				static function ( string $identifier ) use ( &$reads, $name, $definitions ): ?string {
					if ( $identifier !== (string) $name && isset( $definitions[ $identifier ] ) ) {
						$reads[ $name ][ $identifier ] = true;
					}
					return null;
				}
			);
		}
		$order = array();
		while ( $reads ) {
			$ready = array_filter(
				array_keys( $reads ),
				static function ( $name ) use ( $reads ): bool {
					return ! array_intersect_key( $reads[ $name ], $reads );
				}
			);
			// An alias can look like a circle; then any order is as good.
			foreach ( $ready ? $ready : array_keys( $reads ) as $name ) {
				$order[] = (string) $name;
				unset( $reads[ $name ] );
			}
		}
		return $order;
	}

	/** Removes the name of the database in front of names. */
	private static function without_database( string $sql, string $database ): string {
		$tokens = SqlText::tokens( $sql );
		$result = '';
		$count  = count( $tokens );
		for ( $at = 0; $at < $count; $at++ ) {
			$is_database = SqlText::is_identifier( $tokens[ $at ] ) && SqlText::unquote_identifier( $tokens[ $at ] ) === $database;
			if ( $is_database && '.' === ( $tokens[ $at + 1 ] ?? '' ) && '.' !== substr( $result, -1 ) ) {
				++$at;
				continue;
			}
			$result .= $tokens[ $at ];
		}
		return $result;
	}

	private function skip( string $name, string $reason ): void {
		$this->skipped[] = array(
			'name'   => $name,
			'reason' => $reason,
		);
	}
}
