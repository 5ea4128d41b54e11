<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Rows;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Request;

/**
 * Ranges of rows that a request asks for, one scan each, and where in them it goes on.
 */
final class RowRanges {

	/**
	 * The argument `ranges`.
	 *
	 * @return array<int, array{after: Cursor|null, upto: Cursor|null}>
	 */
	public static function wanted( Request $request ): array {
		return array_map( array( self::class, 'range' ), array_values( $request->items( 'ranges' ) ) );
	}

	/**
	 * The argument `at`: the range to go on with, and the place in it.
	 *
	 * @return array{0: int, 1: Cursor|null}
	 */
	public static function start( Request $request ): array {
		$at    = $request->args()['at'] ?? null;
		$index = null === $at ? 0 : ( $at['index'] ?? null );
		if ( ! is_int( $index ) || $index < 0 ) {
			throw AgentError::invalid_arguments( 'at has an index and a cursor' );
		}
		return array( $index, isset( $at['cursor'] ) ? Cursor::decode( $at['cursor'] ) : null );
	}

	/**
	 * The rows of a range, from its begin or from a place in it on.
	 *
	 * @param Request                                    $request For the site's database.
	 * @param RowSelect                                  $select  Table, columns and key.
	 * @param array{after: Cursor|null, upto: Cursor|null} $range   One of `wanted`.
	 * @param Cursor|null                                $from    Where an earlier request stopped.
	 */
	public static function scan( Request $request, RowSelect $select, array $range, ?Cursor $from ): RowScan {
		return new RowScan( $request->environment()->database(), $select, $from ?? $range['after'] ?? new Cursor( null ), $range['upto'] );
	}

	/**
	 * @param mixed $range Member of the argument.
	 * @return array{after: Cursor|null, upto: Cursor|null}
	 */
	private static function range( $range ): array {
		if ( ! is_array( $range ) ) {
			throw AgentError::invalid_arguments( 'a range has after and upto' );
		}
		return array(
			'after' => isset( $range['after'] ) ? Cursor::decode( $range['after'] ) : null,
			'upto'  => isset( $range['upto'] ) ? Cursor::decode( $range['upto'] ) : null,
		);
	}
}
