<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Rows;

/**
 * Numbers of single precision.
 */
final class SingleFloat {

	/**
	 * The shortest decimal that is nearest to the same number of single precision: six to nine digits tell all of them apart.
	 *
	 * @param string $double The number, printed as a double.
	 */
	public static function shortest( string $double ): string {
		$number = (float) $double;
		$bytes  = pack( 'G', $number );
		for ( $digits = 6; $digits <= 9; $digits++ ) {
			$text = sprintf( '%.' . ( $digits - 1 ) . 'E', $number );
			if ( pack( 'G', (float) $text ) === $bytes ) {
				return self::plain( $text );
			}
		}
		return $double;
	}

	/** `1.250000E+2` → `125`; very large and small ones keep their exponent. */
	private static function plain( string $text ): string {
		list( $mantissa, $exponent ) = explode( 'E', $text );

		$exponent = (int) $exponent;
		$mantissa = false === strpos( $mantissa, '.' ) ? $mantissa : rtrim( rtrim( $mantissa, '0' ), '.' );
		if ( $exponent < -5 || $exponent > 14 ) {
			return $mantissa . 'e' . $exponent;
		}
		$decimals = max( 0, strlen( ltrim( $mantissa, '-' ) ) - 2 - $exponent );
		if ( false === strpos( $mantissa, '.' ) ) {
			$decimals = max( 0, -$exponent );
		}
		return number_format( (float) $text, $decimals, '.', '' );
	}
}
