<?php

declare(strict_types=1);

namespace WpCloneRestore\Stream;

use Generator;
use WpCloneRestore\Agent\AgentError;

/**
 * Packed rows; see docs/protocol.md: for each row all lengths as u32 BE, then all values. NULL has the length 0xFFFFFFFF.
 */
final class RowPacker {

	public const NULL_LENGTH = 0xFFFFFFFF;

	/**
	 * Packs one row.
	 *
	 * @param array<int, string|null> $row Values in the order of the columns.
	 */
	public static function pack( array $row ): string {
		$lengths = array();
		foreach ( $row as $value ) {
			$lengths[] = null === $value ? self::NULL_LENGTH : strlen( $value );
		}
		return pack( 'N*', ...$lengths ) . implode( '', $row );
	}

	/**
	 * Unpacks rows one by one.
	 *
	 * @return Generator<array<int, string|null>>
	 * @throws AgentError Code `agent.malformed` when the data does not consist of whole rows.
	 */
	public static function unpack( string $data, int $column_count ): Generator {
		$at    = 0;
		$end   = strlen( $data );
		$heads = 4 * $column_count;
		while ( $at < $end ) {
			if ( $column_count < 1 || $at + $heads > $end ) {
				throw AgentError::malformed( 'a row is cut off' );
			}
			$lengths = unpack( 'N' . $column_count, $data, $at );
			$at     += $heads;
			$row     = array();
			foreach ( $lengths as $length ) {
				if ( self::NULL_LENGTH === $length ) {
					$row[] = null;
					continue;
				}
				if ( $at + $length > $end ) {
					throw AgentError::malformed( 'a value is cut off' );
				}
				$row[] = (string) substr( $data, $at, $length );
				$at   += $length;
			}
			yield $row;
		}
	}
}
