<?php
/**
 * Unit tests run without WordPress and without a database.
 */

declare(strict_types=1);

require_once __DIR__ . '/../includes/autoload.php';

spl_autoload_register(
	static function ( string $class_name ): void {
		$prefix = 'WpCloneRestore\\Tests\\';
		if ( 0 === strncmp( $class_name, $prefix, strlen( $prefix ) ) ) {
			$file = __DIR__ . '/' . str_replace( '\\', '/', substr( $class_name, strlen( $prefix ) ) ) . '.php';
			if ( is_file( $file ) ) {
				require $file;
			}
		}
	}
);

if ( ! function_exists( '__' ) ) {
	/** Without WordPress there is one language. */
	function __( string $text ): string { // phpcs:ignore
		return $text;
	}
}
