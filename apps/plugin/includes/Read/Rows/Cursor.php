<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Rows;

use WpCloneRestore\Agent\AgentError;

/**
 * Where reading a table goes on: after a key, or at an offset. Opaque to the worker.
 */
final class Cursor {

	/**
	 * Values of the key's columns.
	 *
	 * @var array<int, string>|null
	 */
	public $after;

	/**
	 * @var int
	 */
	public $offset;

	/**
	 * @param array<int, string>|null $after Values of the key's columns.
	 */
	public function __construct( ?array $after, int $offset = 0 ) {
		$this->after  = $after;
		$this->offset = $offset;
	}

	/**
	 * @param mixed $text Argument of the request.
	 * @throws AgentError Code `agent.invalid_arguments`.
	 */
	public static function decode( $text ): self {
		if ( null === $text ) {
			return new self( null );
		}
		$json  = is_string( $text ) ? base64_decode( strtr( $text, '-_', '+/' ), true ) : false;
		$value = false === $json ? null : json_decode( $json, true );
		if ( isset( $value['o'] ) && is_int( $value['o'] ) && $value['o'] >= 0 ) {
			return new self( null, $value['o'] );
		}
		if ( ! isset( $value['k'] ) || ! is_array( $value['k'] ) ) {
			throw AgentError::invalid_arguments( 'the cursor is not one of this agent' );
		}
		return new self( array_map( array( self::class, 'decode_value' ), array_values( $value['k'] ) ) );
	}

	public function encode(): string {
		$value = null === $this->after ? array( 'o' => $this->offset ) : array( 'k' => array_map( 'base64_encode', $this->after ) );
		return rtrim( strtr( base64_encode( (string) json_encode( $value ) ), '+/', '-_' ), '=' );
	}

	/**
	 * @param mixed $text Member of a cursor.
	 */
	private static function decode_value( $text ): string {
		$value = is_string( $text ) ? base64_decode( $text, true ) : false;
		if ( false === $value ) {
			throw AgentError::invalid_arguments( 'the cursor is not one of this agent' );
		}
		return $value;
	}
}
