<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

/**
 * How a database is reached.
 */
final class DatabaseAddress {

	/**
	 * @var string|null
	 */
	public $host;

	/**
	 * @var int
	 */
	public $port;

	/**
	 * @var string|null
	 */
	public $socket;

	/**
	 * @var string
	 */
	public $user;

	/**
	 * @var string
	 */
	public $password;

	/**
	 * @var string
	 */
	public $name;

	/**
	 * Flags of mysqli_real_connect(), e.g. for TLS.
	 *
	 * @var int
	 */
	public $flags;

	/**
	 * @param string $host As DB_HOST: `host`, `host:port`, `host:/socket`, `:/socket`, `[::1]:3306`, `::1`.
	 */
	public function __construct( string $host, string $user, string $password, string $name, int $flags = 0 ) {
		list( $this->host, $this->port, $this->socket ) = self::parse_host( $host );

		$this->user     = $user;
		$this->password = $password;
		$this->name     = $name;
		$this->flags    = $flags;
	}

	/**
	 * Reads a host the way WordPress reads DB_HOST.
	 *
	 * @return array{0: string|null, 1: int, 2: string|null} Host, port (0: default), socket.
	 */
	public static function parse_host( string $text ): array {
		$socket = null;
		$at     = strpos( $text, ':/' );
		if ( false !== $at ) {
			$socket = substr( $text, $at + 1 );
			$text   = substr( $text, 0, $at );
		}
		// An address with more than one colon is IPv6; a port can follow it only behind brackets.
		if ( '' !== $text && '[' === $text[0] ) {
			$pattern = '~^\[(?<host>[^\]]+)\](?::(?<port>\d+))?~';
		} else {
			$pattern = substr_count( $text, ':' ) > 1 ? '~^(?<host>.+)$~' : '~^(?<host>[^:/]*)(?::(?<port>\d+))?~';
		}
		if ( ! preg_match( $pattern, $text, $match ) ) {
			return array( $text, 0, $socket );
		}
		return array( '' === $match['host'] ? null : $match['host'], (int) ( $match['port'] ?? 0 ), $socket );
	}
}
