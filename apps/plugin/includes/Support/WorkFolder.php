<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

use WpCloneRestore\Agent\AgentError;

/**
 * The agent's own folder, closed to visitors.
 */
final class WorkFolder {

	/** Begin of the folder's name below wp-content. */
	public const NAME_PREFIX = 'wcr-work-';

	private const HTACCESS = "<IfModule mod_authz_core.c>\nRequire all denied\n</IfModule>\n<IfModule !mod_authz_core.c>\nDeny from all\n</IfModule>\n";

	/**
	 * Makes the folder when it is not there.
	 *
	 * @param string $dir With a trailing slash.
	 * @return string The same.
	 * @throws AgentError Code `target.not_writable`.
	 */
	public static function ensure( string $dir ): string {
		if ( is_file( $dir . '.htaccess' ) ) {
			return $dir;
		}
		// phpcs:disable WordPress.PHP.NoSilencedErrors -- two requests may make it at once.
		if ( ! is_dir( $dir ) && ! @mkdir( $dir, 0700, true ) && ! is_dir( $dir ) ) {
			throw new AgentError( 'target.not_writable', 'The work folder cannot be made.', false, array( 'path' => $dir ) );
		}
		if ( false === @file_put_contents( $dir . 'index.php', "<?php\n" ) || false === @file_put_contents( $dir . '.htaccess', self::HTACCESS ) ) {
			throw new AgentError( 'target.not_writable', 'The work folder cannot be written.', false, array( 'path' => $dir ) );
		}
		// phpcs:enable
		return $dir;
	}

	/** Removes a folder with everything in it; links are removed, not followed. */
	public static function remove( string $dir ): void {
		// phpcs:disable WordPress.PHP.NoSilencedErrors -- what cannot be removed stays.
		foreach ( @scandir( $dir ) ?: array() as $name ) {
			if ( '.' === $name || '..' === $name ) {
				continue;
			}
			$path = rtrim( $dir, '/' ) . '/' . $name;
			if ( is_dir( $path ) && ! is_link( $path ) ) {
				self::remove( $path );
			} else {
				@unlink( $path );
			}
		}
		@rmdir( $dir );
		// phpcs:enable
	}
}
