<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use Throwable;
use WpCloneRestore\Agent\StandaloneEnvironment;

/**
 * Keeps the way to the agent open while tables are exchanged.
 *
 * Servers before MySQL 8.0 and MariaDB 10.6 rename table by table: one that is killed in between leaves the site without its options.
 * Then WordPress stops (`wp_not_installed()`) before must-use plugins, and with them the agent, are loaded; the agent's key is in that table
 * as well. But `.maintenance` is read before WordPress looks for a database. For agent requests, ours ends the exchange that was begun,
 * which needs no key: the journal says what to do, and nobody gains anything by having it done. Then WordPress goes on as ever.
 */
final class Rescue {

	/** PHP code for `.maintenance`. */
	public static function code( Session $session ): string {
		$file = var_export( dirname( __DIR__ ) . '/rescue.php', true ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
		$work = var_export( $session->work_dir(), true ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
		return "if ( isset( \$_SERVER['HTTP_X_WCR_OPERATION'] ) && defined( 'DB_HOST' ) && is_file( {$file} ) ) {\n"
			. "\t\$wcr_rescue = array( {$work}, '{$session->id()}' );\n\trequire {$file};\n}\n";
	}

	/**
	 * Ends the exchange of tables if the options are missing because of it.
	 *
	 * @param string $work The work folder.
	 */
	public static function run( string $work, string $id ): void {
		try {
			$store   = new SessionStore( self::environment( $work, '' ) );
			$session = $store->find( $id );
			if ( null === $session || ! Recovery::is_needed( $session ) ) {
				return;
			}
			$store = new SessionStore( self::environment( $work, $session->prefix() ) );
			if ( self::has_options( $store->open( $id ) ) ) {
				return;
			}
			$store->lock( $id, true );
			$session = $store->open( $id );
			if ( ! self::has_options( $session ) ) {
				$swap = new TableSwap( $session );
				Session::PHASE_COMMITTING === $session->phase() ? $swap->forward() : $swap->back();
			}
		} catch ( Throwable $error ) {
			// The next request tries again; WordPress says what it misses.
			unset( $error );
		}
	}

	private static function has_options( Session $session ): bool {
		$database = $session->database();
		return array() !== $database->select( 'SHOW TABLES LIKE ' . $database->quote( addcslashes( $session->prefix() . 'options', '_%\\' ) ) );
	}

	/** What wp-config.php has said so far; there is no key yet, and none is needed. */
	private static function environment( string $work, string $prefix ): StandaloneEnvironment {
		return new StandaloneEnvironment(
			array(
				'pairing_key' => 'none',
				'root'        => ABSPATH,
				'work'        => $work,
				'url'         => 'none',
				'db'          => array(
					'host'     => (string) DB_HOST,
					'user'     => (string) DB_USER,
					'password' => (string) DB_PASSWORD,
					'name'     => (string) DB_NAME,
					'prefix'   => $prefix,
					'flags'    => defined( 'MYSQL_CLIENT_FLAGS' ) ? (int) constant( 'MYSQL_CLIENT_FLAGS' ) : 0,
				),
			)
		);
	}
}
