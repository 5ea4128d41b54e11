<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Rows;

/**
 * Sum of the first 8 bytes of the MD5 of each packed row, modulo 2^64.
 */
final class RowSum {

	private const HALF = 0xFFFFFFFF;

	/**
	 * Sums of the halves: PHP's integers would turn into floats before 2^64.
	 *
	 * @var int
	 */
	private $high = 0;

	/**
	 * @var int
	 */
	private $low = 0;

	public function add( string $packed ): void {
		$halves     = unpack( 'N2', md5( $packed, true ) );
		$this->low += $halves[2];
		$carry      = $this->low >> 32;
		$this->low &= self::HALF;
		$this->high = ( $this->high + $halves[1] + $carry ) & self::HALF;
	}

	/** The sum as an unsigned decimal number. */
	public function decimal(): string {
		return sprintf( '%u', ( $this->high << 32 ) | $this->low );
	}
}
