<?php

declare(strict_types=1);

namespace WpCloneRestore\Transport;

/**
 * The must-use loader: a small file that opens the early door.
 */
final class MuLoader {

	public const FILE_NAME = '0-wp-clone-restore.php';

	/** Writes the loader, unless it is there as it should be. @return bool Whether it is there now. */
	public static function install(): bool {
		$file = self::path();
		$code = self::code( basename( dirname( __DIR__, 2 ) ) );
		// phpcs:disable WordPress.PHP.NoSilencedErrors, WordPress.WP.AlternativeFunctions -- where it cannot be written the plugin answers itself, later.
		if ( is_file( $file ) && @file_get_contents( $file ) === $code ) {
			return true;
		}
		if ( ! is_dir( WPMU_PLUGIN_DIR ) && ! @mkdir( WPMU_PLUGIN_DIR, 0755, true ) && ! is_dir( WPMU_PLUGIN_DIR ) ) {
			return false;
		}
		// Renaming never shows another request half a file.
		$draft = $file . '.' . bin2hex( random_bytes( 4 ) ) . '.tmp';
		if ( strlen( $code ) !== @file_put_contents( $draft, $code ) || ! @rename( $draft, $file ) ) {
			@unlink( $draft );
			return false;
		}
		@chmod( $file, 0644 );
		return true;
		// phpcs:enable
	}

	/** Removes the loader, and the folder if it is empty then. */
	public static function remove(): void {
		// phpcs:disable WordPress.PHP.NoSilencedErrors, WordPress.WP.AlternativeFunctions
		if ( is_file( self::path() ) ) {
			@unlink( self::path() );
			@rmdir( WPMU_PLUGIN_DIR );
		}
		// phpcs:enable
	}

	private static function path(): string {
		return WPMU_PLUGIN_DIR . '/' . self::FILE_NAME;
	}

	private static function code( string $folder ): string {
		return "<?php
/**
 * Plugin Name: Clone & Restore (early door)
 * Description: Lets the plugin Clone & Restore answer signed calls even when other plugins or the theme fail.
 *
 * @package WpCloneRestore
 */

if ( isset( \$_GET['wcr-agent'], \$_SERVER['HTTP_X_WCR_OPERATION'], \$_SERVER['REQUEST_METHOD'] ) && 'POST' === \$_SERVER['REQUEST_METHOD'] ) {
	\$wcr_door = WP_PLUGIN_DIR . '/" . addcslashes( $folder, "'\\" ) . "/includes/early-door.php';
	if ( is_file( \$wcr_door ) ) {
		require \$wcr_door;
	}
}
";
	}
}
