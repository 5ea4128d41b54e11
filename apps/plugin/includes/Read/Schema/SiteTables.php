<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Schema;

use WpCloneRestore\Agent\Environment;

/**
 * Which tables and views of the database are the site's.
 */
final class SiteTables {

	/** A prefix with all of these behind it is a WordPress. */
	private const CORE = array( 'options', 'posts', 'postmeta', 'terms', 'term_taxonomy', 'users', 'usermeta' );

	/** Engines whose tables hold no rows of their own. */
	private const FOREIGN_ENGINES = array( 'FEDERATED', 'CONNECT', 'SPIDER', 'BLACKHOLE', 'MRG_MYISAM', 'S3' );

	/**
	 * Rows of information_schema.TABLES.
	 *
	 * @var array<string, array<string, string|null>>
	 */
	public $tables = array();

	/**
	 * Names of the views.
	 *
	 * @var array<int, string>
	 */
	public $views = array();

	/**
	 * @var array<int, array{name: string, reason: string}>
	 */
	public $skipped = array();

	/**
	 * @var string
	 */
	private $prefix;

	/**
	 * @param array<int, array<string, string|null>> $rows           Rows of information_schema.TABLES with the prefix.
	 * @param bool                                   $case_sensitive Whether names differ by case.
	 */
	public function __construct( array $rows, string $prefix, bool $case_sensitive ) {
		$this->prefix = $case_sensitive ? $prefix : strtolower( $prefix );
		$mine         = array();
		foreach ( $rows as $row ) {
			$name = (string) $row['TABLE_NAME'];
			$key  = $case_sensitive ? $name : strtolower( $name );
			if ( 0 === strncmp( $key, $this->prefix, strlen( $this->prefix ) ) && ! $this->is_own( $key ) ) {
				$mine[ $key ] = $row;
			}
		}
		$others = $this->other_prefixes( array_keys( $mine ) );
		foreach ( $mine as $key => $row ) {
			$this->sort_in( $row, self::first_prefix_of( (string) $key, $others ) );
		}
	}

	public static function of_environment( Environment $environment ): self {
		$database = $environment->database();
		$rows     = $database->select(
			'SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, AVG_ROW_LENGTH, DATA_LENGTH, INDEX_LENGTH FROM information_schema.TABLES'
			. ' WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE ' . $database->like_prefix( $environment->prefix() ) . ' ORDER BY TABLE_NAME'
		);
		return new self( $rows, $environment->prefix(), '0' === $database->variable( 'lower_case_table_names' ) );
	}

	/**
	 * Names of the tables.
	 *
	 * @return array<int, string>
	 */
	public function names(): array {
		return array_map( 'strval', array_keys( $this->tables ) );
	}

	/** Sum of the tables' data and indexes. */
	public function size_bytes(): int {
		$sum = 0;
		foreach ( $this->tables as $row ) {
			$sum += (int) $row['DATA_LENGTH'] + (int) $row['INDEX_LENGTH'];
		}
		return $sum;
	}

	/** Control and staging tables of the agent. */
	private function is_own( string $key ): bool {
		$rest = substr( $key, strlen( $this->prefix ) );
		return 0 === strncmp( $rest, 'wcr_', 4 ) || ( '' === $this->prefix && 0 === strncmp( $rest, 'wcr', 3 ) );
	}

	/**
	 * Longer prefixes that belong to another WordPress in the same database.
	 *
	 * @param array<int, string|int> $names Names of tables.
	 * @return array<int, string>
	 */
	private function other_prefixes( array $names ): array {
		$known  = array_flip( $names );
		$others = array();
		foreach ( $names as $name ) {
			$name   = (string) $name;
			$prefix = substr( $name, 0, -strlen( 'options' ) );
			if ( 'options' !== substr( $name, -strlen( 'options' ) ) || strlen( $prefix ) <= strlen( $this->prefix ) ) {
				continue;
			}
			$complete = true;
			foreach ( self::CORE as $table ) {
				$complete = $complete && isset( $known[ $prefix . $table ] );
			}
			if ( $complete ) {
				$others[] = $prefix;
			}
		}
		return $others;
	}

	/**
	 * @param array<int, string> $prefixes Prefixes.
	 */
	private static function first_prefix_of( string $name, array $prefixes ): ?string {
		foreach ( $prefixes as $prefix ) {
			if ( 0 === strncmp( $name, $prefix, strlen( $prefix ) ) ) {
				return $prefix;
			}
		}
		return null;
	}

	/**
	 * @param array<string, string|null> $row Row of information_schema.TABLES.
	 */
	private function sort_in( array $row, ?string $other ): void {
		$name = (string) $row['TABLE_NAME'];
		$type = strtoupper( (string) $row['TABLE_TYPE'] );
		if ( null !== $other ) {
			$this->skip( $name, 'belongs to another WordPress (' . $other . ')' );
		} elseif ( 'VIEW' === $type ) {
			$this->views[] = $name;
		} elseif ( 'BASE TABLE' !== $type && 'SYSTEM VERSIONED' !== $type ) {
			$this->skip( $name, 'is a ' . strtolower( $type ) );
		} elseif ( null === $row['ENGINE'] ) {
			$this->skip( $name, 'cannot be opened by the server' );
		} elseif ( in_array( strtoupper( $row['ENGINE'] ), self::FOREIGN_ENGINES, true ) ) {
			$this->skip( $name, 'has its rows elsewhere (' . $row['ENGINE'] . ')' );
		} else {
			$this->tables[ $name ] = $row;
		}
	}

	private function skip( string $name, string $reason ): void {
		$this->skipped[] = array(
			'name'   => $name,
			'reason' => $reason,
		);
	}
}
