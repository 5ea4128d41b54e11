<?php
/**
 * Finds classes of this plugin: `WpCloneRestore\A\B` is `includes/A/B.php`.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

defined( 'WCR_VERSION' ) || define( 'WCR_VERSION', '0.1.0' );

spl_autoload_register(
	static function ( string $class_name ): void {
		if ( 0 !== strncmp( $class_name, 'WpCloneRestore\\', 15 ) ) {
			return;
		}
		$file = __DIR__ . '/' . str_replace( '\\', '/', substr( $class_name, 15 ) ) . '.php';
		if ( is_file( $file ) ) {
			require $file;
		}
	}
);
