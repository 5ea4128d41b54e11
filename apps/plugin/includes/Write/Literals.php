<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use mysqli;
use WpCloneRestore\Agent\AgentError;

/**
 * Writes values as SQL literals that store exactly the same bytes. The connection's charset is `binary`: a quoted literal is bytes, and
 * bytes assigned to a text column are taken as they are, in whatever charset the column has. So only three kinds need
 * care: bit (a quoted number would be its ASCII codes), JSON (MySQL refuses bytes) and text that is no number in a number column.
 */
final class Literals {

	private const QUOTED = 0;
	private const NUMBER = 1;
	private const BIT    = 2;
	private const JSON   = 3;

	private const KINDS = array(
		'number'   => self::NUMBER,
		'float'    => self::QUOTED,
		'bit'      => self::BIT,
		'text'     => self::QUOTED,
		'binary'   => self::QUOTED,
		'temporal' => self::QUOTED,
		'json'     => self::JSON,
		'geometry' => self::QUOTED,
	);

	/**
	 * @var mysqli
	 */
	private $mysqli;

	/**
	 * One of the constants per column.
	 *
	 * @var array<int, int>
	 */
	private $kinds = array();

	/**
	 * @param mysqli             $mysqli Connection with the charset `binary`.
	 * @param array<int, string> $kinds  Kind of each column, as in the protocol.
	 * @throws AgentError Code `agent.invalid_arguments` for a kind nobody knows.
	 */
	public function __construct( mysqli $mysqli, array $kinds ) {
		$this->mysqli = $mysqli;
		foreach ( $kinds as $kind ) {
			if ( ! isset( self::KINDS[ $kind ] ) ) {
				throw AgentError::invalid_arguments( 'no column is of the kind ' . $kind );
			}
			$this->kinds[] = self::KINDS[ $kind ];
		}
	}

	/**
	 * A row as `(…,…)`.
	 *
	 * @param array<int, string|null> $row Values.
	 */
	public function tuple( array $row ): string {
		$sql = '';
		foreach ( $row as $index => $value ) {
			if ( null === $value ) {
				$sql .= ',NULL';
				continue;
			}
			$kind = $this->kinds[ $index ];
			if ( self::QUOTED === $kind ) {
				$sql .= ",'" . $this->mysqli->real_escape_string( $value ) . "'";
			} elseif ( self::NUMBER === $kind && ctype_digit( $value ) ) {
				$sql .= ',' . $value;
			} else {
				$sql .= ',' . $this->careful( $kind, $value );
			}
		}
		$sql[0] = '(';
		return $sql . ')';
	}

	private function careful( int $kind, string $value ): string {
		if ( self::BIT === $kind ) {
			if ( ! ctype_digit( $value ) ) {
				throw AgentError::malformed( 'a bit value is no number' );
			}
			return $value;
		}
		$quoted = "'" . $this->mysqli->real_escape_string( $value ) . "'";
		return self::JSON === $kind ? '_utf8mb4' . $quoted : $quoted;
	}
}
