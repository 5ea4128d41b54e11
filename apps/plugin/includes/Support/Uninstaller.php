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
		// The folders tell which sessions were ours: a database can hold the tables of several sites.
		self::drop_tables( self::session_names() );
		foreach ( self::work_folders() as $folder ) {
			WorkFolder::remove( $folder );
		}
		OwnOptions::remove_all();
	}

	/**
	 * @return array<int, string>
	 */
	private static function work_folders(): array {
		$folders = (array) glob( WP_CONTENT_DIR . '/' . WorkFolder::NAME_PREFIX . '*', GLOB_ONLYDIR );
		if ( defined( 'WCR_WORK_DIR' ) ) {
			$folders[] = (string) constant( 'WCR_WORK_DIR' );
		}
		return array_map( 'strval', $folders );
	}

	/**
	 * Ids of the sessions whose folders are still there.
	 *
	 * @return array<int, string>
	 */
	private static function session_names(): array {
		$names = array();
		foreach ( self::work_folders() as $folder ) {
			foreach ( (array) glob( rtrim( $folder, '/' ) . '/sessions/*', GLOB_ONLYDIR ) as $session ) {
				$names[] = basename( (string) $session );
			}
		}
		return preg_grep( '/^[0-9a-f]{12}$/D', $names );
	}

	/**
	 * Control tables, and staging and restore-point tables of sessions.
	 *
	 * @param array<int, string> $sessions Ids of sessions.
	 */
	private static function drop_tables( array $sessions ): void {
		global $wpdb;
		$prefixes = array( $wpdb->base_prefix . 'wcr_' );
		foreach ( $sessions as $session ) {
			$short      = substr( $session, 0, 6 );
			$prefixes[] = 'wcr' . $short . '_';
			$prefixes[] = 'wcrb' . $short . '_';
		}
		// phpcs:disable WordPress.DB -- tables of our own; foreign keys among them must not matter.
		$wpdb->query( 'SET SESSION foreign_key_checks = 0' );
		foreach ( $prefixes as $prefix ) {
			foreach ( $wpdb->get_col( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $prefix ) . '%' ) ) as $table ) {
				$wpdb->query( 'DROP TABLE IF EXISTS ' . Database::quote_identifier( (string) $table ) );
			}
		}
		$wpdb->query( 'SET SESSION foreign_key_checks = 1' );
		// phpcs:enable
	}
}
