<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

/**
 * What the plugin needs to run.
 */
final class Requirements {

	public const PHP       = '7.4';
	public const WORDPRESS = '5.6';

	/** Ends activation with a message when something is missing. */
	public static function refuse_unless_met(): void {
		$missing = self::missing( PHP_VERSION, (string) get_bloginfo( 'version' ), get_loaded_extensions() );
		if ( ! $missing ) {
			return;
		}
		deactivate_plugins( plugin_basename( WCR_PLUGIN_FILE ) );
		wp_die(
			/* translators: %s: list of what is missing, e.g. "PHP 7.4, mysqli". */
			esc_html( sprintf( __( 'Clone & Restore needs: %s.', 'wp-clone-restore' ), implode( ', ', $missing ) ) ),
			'',
			array( 'back_link' => true )
		);
	}

	/**
	 * Names of what is missing.
	 *
	 * @param array<int, string> $extensions Extensions of PHP there are.
	 * @return array<int, string>
	 */
	public static function missing( string $php, string $wordpress, array $extensions ): array {
		$missing = array();
		if ( version_compare( $php, self::PHP, '<' ) ) {
			$missing[] = 'PHP ' . self::PHP;
		}
		if ( version_compare( $wordpress, self::WORDPRESS . '-alpha', '<' ) ) {
			$missing[] = 'WordPress ' . self::WORDPRESS;
		}
		foreach ( array( 'mysqli', 'zlib', 'json', 'hash', 'tokenizer' ) as $extension ) {
			if ( ! in_array( $extension, $extensions, true ) ) {
				$missing[] = $extension;
			}
		}
		if ( PHP_INT_SIZE < 8 ) {
			$missing[] = '64-bit PHP';
		}
		return $missing;
	}
}
