<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

use Generator;
use mysqli;
use mysqli_result;
use WpCloneRestore\Agent\AgentError;

/**
 * A connection of our own to the site's database: bytes as they are stored, times in UTC, no strict mode.
 */
final class Database {

	/**
	 * @var mysqli
	 */
	private $mysqli;

	/**
	 * @var string
	 */
	private $name;

	/**
	 * Whether waits for locks have a limit.
	 *
	 * @var bool
	 */
	private $is_impatient = false;

	/**
	 * @throws AgentError Code `agent.failed` when the connection cannot be made.
	 */
	public function __construct( DatabaseAddress $address ) {
		if ( ! class_exists( 'mysqli' ) ) {
			throw new AgentError( 'source.database_unsupported', 'PHP’s mysqli extension is missing.' );
		}
		mysqli_report( MYSQLI_REPORT_OFF );
		$this->name   = $address->name;
		$this->mysqli = mysqli_init();
		$connected    = @$this->mysqli->real_connect( // phpcs:ignore WordPress.PHP.NoSilencedErrors -- the password is in the trace of warnings.
			(string) $address->host,
			$address->user,
			$address->password,
			$address->name,
			$address->port,
			(string) $address->socket,
			$address->flags
		);
		if ( ! $connected ) {
			throw AgentError::failed( 'the database refuses the connection', array( 'errno' => (int) mysqli_connect_errno() ) );
		}
		$this->mysqli->set_charset( 'binary' );
		$this->exec( "SET NAMES binary, time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO'" );
	}

	/** Name of the database. */
	public function name(): string {
		return $this->name;
	}

	/**
	 * Runs a statement.
	 *
	 * @return int Number of rows it changed.
	 * @throws AgentError Code `agent.failed`, with `errno` of the server in the detail.
	 */
	public function exec( string $sql ): int {
		$result = $this->query( $sql );
		if ( $result instanceof mysqli_result ) {
			$result->free();
		}
		return (int) $this->mysqli->affected_rows;
	}

	/**
	 * All rows of a small result, by column name.
	 *
	 * @return array<int, array<string, string|null>>
	 * @throws AgentError As `exec()` does.
	 */
	public function select( string $sql ): array {
		$result = $this->query( $sql );
		if ( ! $result instanceof mysqli_result ) {
			return array();
		}
		$rows = array();
		for ( $row = $result->fetch_assoc(); is_array( $row ); $row = $result->fetch_assoc() ) {
			$rows[] = self::texts( $row );
		}
		$result->free();
		return $rows;
	}

	/**
	 * The first column of each row of a small result.
	 *
	 * @return array<int, string>
	 * @throws AgentError As `exec()` does.
	 */
	public function column( string $sql ): array {
		$values = array();
		foreach ( $this->select( $sql ) as $row ) {
			$values[] = (string) reset( $row );
		}
		return $values;
	}

	/**
	 * The first column of the first row; null when there is none.
	 *
	 * @throws AgentError As `exec()` does.
	 */
	public function value( string $sql ): ?string {
		$rows = $this->select( $sql );
		return $rows ? reset( $rows[0] ) : null;
	}

	/**
	 * The rows of a large result one by one, not buffered: no other statement may run until the last was read.
	 *
	 * @return Generator<array<int, string|null>>
	 * @throws AgentError As `exec()` does, also in the middle.
	 */
	public function rows( string $sql ): Generator {
		$result = $this->open( $sql );
		for ( $row = $result->fetch_row(); is_array( $row ); $row = $result->fetch_row() ) {
			yield $row;
		}
		$this->check();
		$result->free();
	}

	/**
	 * An unbuffered result for loops where a generator is too slow; call `check()` after the last row.
	 *
	 * @throws AgentError As `exec()` does.
	 */
	public function open( string $sql ): mysqli_result {
		$result = $this->query( $sql, MYSQLI_USE_RESULT );
		if ( ! $result instanceof mysqli_result ) {
			throw AgentError::failed( 'the statement has no result' );
		}
		return $result;
	}

	/**
	 * Throws the connection's last error, if there is one.
	 *
	 * @throws AgentError Code `agent.failed`.
	 */
	public function check(): void {
		if ( 0 !== $this->mysqli->errno ) {
			throw $this->error();
		}
	}

	/**
	 * Limits how long statements of this connection wait for a row or a table that somebody else holds: servers let them wait for up to
	 * a year, longer than any request lives.
	 */
	public function limit_lock_waits( int $seconds ): void {
		if ( ! $this->is_impatient ) {
			$this->is_impatient = true;
			$this->exec( "SET innodb_lock_wait_timeout = {$seconds}, lock_wait_timeout = {$seconds}" );
		}
	}

	public function begin(): void {
		$this->exec( 'START TRANSACTION' );
	}

	public function commit(): void {
		$this->exec( 'COMMIT' );
	}

	public function rollback(): void {
		$this->exec( 'ROLLBACK' );
	}

	/** Escapes a text for use inside single quotes. */
	public function escape( string $text ): string {
		return $this->mysqli->real_escape_string( $text );
	}

	/** A text as a literal, quotes included. */
	public function quote( string $text ): string {
		return "'" . $this->mysqli->real_escape_string( $text ) . "'";
	}

	/** A name as a quoted identifier. */
	public function identifier( string $name ): string {
		return self::quote_identifier( $name );
	}

	/** A name as a quoted identifier. */
	public static function quote_identifier( string $name ): string {
		return '`' . str_replace( '`', '``', $name ) . '`';
	}

	/**
	 * A text as a pattern literal for LIKE that matches what begins with it, and nothing else.
	 */
	public function like_prefix( string $prefix ): string {
		return $this->quote( addcslashes( $prefix, '_%\\' ) . '%' );
	}

	/** A variable of the session, e.g. `max_allowed_packet`; empty when the server does not know it. */
	public function variable( string $name ): string {
		$rows = $this->select( 'SHOW SESSION VARIABLES LIKE ' . $this->quote( addcslashes( $name, '_%\\' ) ) );
		return $rows ? (string) $rows[0]['Value'] : '';
	}

	/** The server's version, e.g. `10.11.6-MariaDB`. */
	public function version(): string {
		return (string) $this->value( 'SELECT VERSION()' );
	}

	/** `mariadb` or `mysql`. */
	public function flavour(): string {
		return false !== stripos( $this->version(), 'mariadb' ) ? 'mariadb' : 'mysql';
	}

	/** Longest statement the server takes, in bytes. */
	public function max_allowed_packet(): int {
		return (int) $this->variable( 'max_allowed_packet' );
	}

	/** Ends the connection, without waiting for the rest of an unbuffered result. */
	public function close(): void {
		$this->mysqli->close();
	}

	public function connection(): mysqli {
		return $this->mysqli;
	}

	/**
	 * @return mysqli_result|bool
	 */
	private function query( string $sql, int $mode = MYSQLI_STORE_RESULT ) {
		$result = $this->mysqli->query( $sql, $mode );
		if ( false === $result ) {
			throw $this->error();
		}
		return $result;
	}

	/**
	 * @param array<string, mixed> $row Row.
	 * @return array<string, string|null>
	 */
	private static function texts( array $row ): array {
		foreach ( $row as $name => $value ) {
			if ( null !== $value && ! is_string( $value ) ) {
				$row[ $name ] = (string) $value;
			}
		}
		return $row;
	}

	private function error(): AgentError {
		return AgentError::failed(
			'the database says: ' . $this->mysqli->error,
			array(
				'errno'    => (int) $this->mysqli->errno,
				'sqlstate' => (string) $this->mysqli->sqlstate,
			)
		);
	}
}
