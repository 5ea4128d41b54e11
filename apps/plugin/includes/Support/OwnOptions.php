<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

/**
 * The plugin's own options. Read and written past WordPress's caches: a persistent object cache would still hold the former
 * values after the options table was swapped. On a network they live in the network's first options table.
 */
final class OwnOptions {

	/** Every option of ours begins so; they are secrets and never leave the site. */
	public const PREFIX = 'wcr_';

	public static function get( string $name ): ?string {
		global $wpdb;
		// phpcs:disable WordPress.DB -- see the class's comment.
		return $wpdb->get_var( $wpdb->prepare( 'SELECT option_value FROM `' . self::table() . '` WHERE option_name = %s', self::PREFIX . $name ) );
		// phpcs:enable
	}

	public static function set( string $name, string $value ): void {
		global $wpdb;
		// phpcs:disable WordPress.DB -- see the class's comment.
		$wpdb->query(
			$wpdb->prepare(
				'INSERT INTO `' . self::table() . "` (option_name, option_value, autoload) VALUES (%s, %s, 'no') ON DUPLICATE KEY UPDATE option_value = VALUES(option_value)",
				self::PREFIX . $name,
				$value
			)
		);
		// phpcs:enable
	}

	/**
	 * Stores a value unless there is one.
	 *
	 * @return string The stored value, which another request may have set.
	 */
	public static function add( string $name, string $value ): string {
		global $wpdb;
		// phpcs:disable WordPress.DB -- see the class's comment.
		$wpdb->query(
			$wpdb->prepare(
				'INSERT IGNORE INTO `' . self::table() . "` (option_name, option_value, autoload) VALUES (%s, %s, 'no')",
				self::PREFIX . $name,
				$value
			)
		);
		// phpcs:enable
		return (string) self::get( $name );
	}

	/** Removes every option of ours. */
	public static function remove_all(): void {
		global $wpdb;
		// phpcs:disable WordPress.DB -- see the class's comment.
		$wpdb->query( $wpdb->prepare( 'DELETE FROM `' . self::table() . '` WHERE option_name LIKE %s', $wpdb->esc_like( self::PREFIX ) . '%' ) );
		// phpcs:enable
	}

	private static function table(): string {
		global $wpdb;
		return $wpdb->base_prefix . 'options';
	}
}
