<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Support;

/**
 * Random input that is the same each time: the seed is fixed unless WCR_FUZZ_SEED says another, WCR_FUZZ_ROUNDS asks for more.
 */
final class Fuzz {

	private const SEED   = 20240229;
	private const ROUNDS = 400;

	/**
	 * Calls `$check` with the number of each round; a failure tells the seed and the round.
	 */
	public static function each( callable $check ): void {
		$rounds = (int) getenv( 'WCR_FUZZ_ROUNDS' );
		$seed   = false === getenv( 'WCR_FUZZ_SEED' ) ? self::SEED : (int) getenv( 'WCR_FUZZ_SEED' );
		mt_srand( $seed );
		for ( $round = 0; $round < ( $rounds > 0 ? $rounds : self::ROUNDS ); $round++ ) {
			$check( "round {$round} of WCR_FUZZ_SEED={$seed}" );
		}
	}

	/** Any bytes, mostly few. */
	public static function bytes( int $most ): string {
		$bytes = '';
		for ( $left = mt_rand( 0, $most ); $left > 0; $left-- ) {
			$bytes .= chr( mt_rand( 0, 3 ) > 0 ? mt_rand( 0, 255 ) : ord( "\0\x7f\x80\xff/.\"{}[]"[ mt_rand( 0, 10 ) ] ) );
		}
		return $bytes;
	}

	/** The text with some bytes changed, lost or added. */
	public static function changed( string $text ): string {
		for ( $edits = mt_rand( 1, 5 ); $edits > 0; $edits-- ) {
			$at   = mt_rand( 0, max( 0, strlen( $text ) - 1 ) );
			$text = substr_replace( $text, self::bytes( 2 ), $at, mt_rand( 0, 2 ) );
		}
		return $text;
	}

	/**
	 * One of them.
	 *
	 * @param array<int, mixed> $choices Choices.
	 * @return mixed
	 */
	public static function one_of( array $choices ) {
		return $choices[ mt_rand( 0, count( $choices ) - 1 ) ];
	}

	/**
	 * What JSON can hold, nested a little.
	 *
	 * @return mixed
	 */
	public static function value( int $depth = 2 ) {
		$plain = array( null, true, false, 0, -1, 1, PHP_INT_MAX, 1.5, '', 'a', '..', '../../etc/passwd', 'LnN0YXI', str_repeat( 'x', 300 ) );
		if ( 0 === $depth || mt_rand( 0, 2 ) > 0 ) {
			return self::one_of( $plain );
		}
		$value = array();
		for ( $left = mt_rand( 0, 3 ); $left > 0; $left-- ) {
			$value[ self::one_of( array( 0, 1, 'path', 'k', 'o', 'name', 'offset', 'cursor' ) ) ] = self::value( $depth - 1 );
		}
		return $value;
	}
}
