<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

/**
 * Sizes as php.ini writes them.
 */
final class Bytes {

	/** `128M` → 134217728; `-1` stays. */
	public static function from_ini( string $text ): int {
		$text  = trim( $text );
		$value = (int) $text;
		switch ( strtolower( substr( $text, -1 ) ) ) {
			case 'g':
				return $value * 1073741824;
			case 'm':
				return $value * 1048576;
			case 'k':
				return $value * 1024;
			default:
				return $value;
		}
	}
}
