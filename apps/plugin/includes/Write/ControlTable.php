<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Support\Database;

/**
 * How far each table of a session is, in a table that commits together with the rows.
 */
final class ControlTable {

	public const IDLE    = 'idle';
	public const WRITING = 'writing';

	/** The row that tells whether the rows of merged tables are live; no table has that name. */
	private const MARK   = "\0merged";
	private const MERGED = 'merged';

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * Name, quoted.
	 *
	 * @var string
	 */
	private $table;

	/**
	 * Id of the session, quoted.
	 *
	 * @var string
	 */
	private $session;

	public function __construct( Database $database, string $prefix, string $session ) {
		$this->database = $database;
		$this->table    = Database::quote_identifier( self::name_for( $prefix ) );
		$this->session  = $database->quote( $session );
	}

	/** The control table's name beside a site's tables. */
	public static function name_for( string $prefix ): string {
		return $prefix . 'wcr_session';
	}

	/** Makes the table if it is not there. */
	public function create(): void {
		$this->database->exec(
			"CREATE TABLE IF NOT EXISTS {$this->table} (
				session varbinary(12) NOT NULL,
				table_name varbinary(192) NOT NULL,
				sequence bigint unsigned NOT NULL DEFAULT 0,
				row_count bigint unsigned NOT NULL DEFAULT 0,
				next_cursor longblob NULL,
				state varbinary(8) NOT NULL DEFAULT 'idle',
				transactional tinyint NOT NULL DEFAULT 1,
				PRIMARY KEY (session, table_name)
			) ENGINE=InnoDB"
		);
	}

	/** Forgets the session, maybe but for the mark, and drops the table when no other session uses it. */
	public function forget( bool $keep_mark = false ): void {
		$this->create();
		$but = $keep_mark ? " AND NOT (table_name = {$this->mark()} AND state = '" . self::MERGED . "')" : '';
		$this->database->exec( "DELETE FROM {$this->table} WHERE session = {$this->session}{$but}" );
		if ( '0' === $this->database->value( "SELECT COUNT(*) FROM {$this->table}" ) ) {
			$this->database->exec( "DROP TABLE IF EXISTS {$this->table}" );
		}
	}

	/**
	 * Whether the rows of merged tables are live. Inside of a transaction it waits for one that is about to change the mark, such as
	 * that of a request that was killed while the server still works for it.
	 */
	public function is_merged( bool $lock = false ): bool {
		$sql = "SELECT state FROM {$this->table} WHERE session = {$this->session} AND table_name = {$this->mark()}";
		return self::MERGED === $this->database->value( $sql . ( $lock ? ' FOR UPDATE' : '' ) );
	}

	/** Sets or clears the mark; in the caller's transaction. */
	public function set_merged( bool $merged ): void {
		$values = implode( ', ', array( $this->session, $this->mark(), "'" . ( $merged ? self::MERGED : self::IDLE ) . "'" ) );
		$this->database->exec( "REPLACE INTO {$this->table} (session, table_name, state) VALUES ({$values})" );
	}

	private function mark(): string {
		return $this->database->quote( self::MARK );
	}

	/** Notes that a table is empty and its rows begin with sequence 1. */
	public function restart( string $table, bool $transactional ): void {
		$this->database->exec(
			"REPLACE INTO {$this->table} (session, table_name, transactional) VALUES ({$this->session}, {$this->database->quote( $table )}, " . (int) $transactional . ')'
		);
	}

	/**
	 * All tables of the session, or one.
	 *
	 * @return array<string, TablePlace> By name.
	 */
	public function places( ?string $table = null ): array {
		$where  = null === $table ? " AND table_name <> {$this->mark()}" : ' AND table_name = ' . $this->database->quote( $table );
		$places = array();
		foreach ( $this->database->select( "SELECT * FROM {$this->table} WHERE session = {$this->session}{$where}" ) as $row ) {
			$places[ (string) $row['table_name'] ] = new TablePlace( $row );
		}
		return $places;
	}

	/** Stores where a table stands; in the caller's transaction, if there is one. */
	public function store( string $table, TablePlace $place ): void {
		$cursor = null === $place->cursor ? 'NULL' : $this->database->quote( $place->cursor );
		$this->database->exec(
			"UPDATE {$this->table} SET sequence = {$place->sequence}, row_count = {$place->rows}, next_cursor = {$cursor}, state = {$this->database->quote( $place->state )} WHERE session = {$this->session} AND table_name = {$this->database->quote( $table )}"
		);
	}

	/** Lets one request at a time write a table; the server lets go when the connection ends, after it has finished the statement. */
	public function lock( string $table, int $seconds ): bool {
		return '1' === $this->database->value( "SELECT GET_LOCK({$this->lock_name( $table )}, {$seconds})" );
	}

	public function unlock( string $table ): void {
		$this->database->value( "SELECT RELEASE_LOCK({$this->lock_name( $table )})" );
	}

	/** Locks are known to the whole server, so their names tell the database too; they have 64 characters at most. */
	private function lock_name( string $table ): string {
		return $this->database->quote( 'wcr-' . md5( $this->database->name() . "\0" . $this->session . "\0" . $table ) );
	}
}
