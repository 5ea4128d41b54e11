<?php

declare(strict_types=1);

namespace WpCloneRestore\Support;

use WpCloneRestore\Transport\MuLoader;

/**
 * Leaves nothing behind.
 */
final class Uninstaller {

	public static function run(): void {
		MuLoader::remove();
		self::remove_work_folders();
		self::drop_tables();
		OwnOptions::remove_all();
	}

	private static function remove_work_folders(): void {
		$folders = (array) glob( WP_CONTENT_DIR . '/' . WorkFolder::NAME_PREFIX . '*', GLOB_ONLYDIR );
		if ( defined( 'WCR_WORK_DIR' ) ) {
			$folders[] = (string) constant( 'WCR_WORK_DIR' );
		}
		foreach ( $folders as $folder ) {
			WorkFolder::remove( (string) $folder );
		}
	}

	private static function drop_tables(): void {
		global $wpdb;
		// phpcs:disable WordPress.DB -- tables of our own.
		foreach ( $wpdb->get_col( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $wpdb->base_prefix . 'wcr_' ) . '%' ) ) as $table ) {
			$wpdb->query( 'DROP TABLE IF EXISTS ' . Database::quote_identifier( (string) $table ) );
		}
		// phpcs:enable
	}
}
