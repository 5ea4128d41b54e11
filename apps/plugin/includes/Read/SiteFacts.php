<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Support\Bytes;
use WpCloneRestore\Read\Facts\WordPressFacts;
use WpCloneRestore\Read\Files\SitePath;
use WpCloneRestore\Read\Schema\SiteTables;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `site.facts`: what a worker must know before it plans a copy.
 */
final class SiteFacts implements Operation {

	private const PROTOCOL = 1;

	public function name(): string {
		return 'site.facts';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$environment = $request->environment();
		$free        = function_exists( 'disk_free_space' ) ? @disk_free_space( $environment->root() ) : false; // phpcs:ignore WordPress.PHP.NoSilencedErrors
		$out->write_json(
			array(
				'agentVersion'  => WCR_VERSION,
				'protocol'      => self::PROTOCOL,
				'standalone'    => $environment->is_standalone(),
				'wordpress'     => ( new WordPressFacts( $environment ) )->to_answer(),
				'paths'         => self::paths( $environment ),
				'php'           => self::php(),
				'database'      => self::database( $environment ),
				'diskFreeBytes' => false === $free ? null : (int) $free,
				'serverTime'    => time(),
			)
		);
	}

	/**
	 * @return array<string, mixed>
	 */
	private static function paths( Environment $environment ): array {
		$folders = array(
			'content'   => $environment->content_dir(),
			'plugins'   => $environment->plugins_dir(),
			'muPlugins' => $environment->mu_plugins_dir(),
			'uploads'   => $environment->uploads_dir(),
		);
		$root    = rtrim( (string) realpath( $environment->root() ), '/' ) . '/';
		$outside = array();
		foreach ( $folders as $folder ) {
			$real = realpath( $folder );
			if ( false !== $real ? ! SitePath::is_inside( $real . '/', $root ) : ! SitePath::is_inside( $folder, $environment->root() ) ) {
				$outside[] = $folder;
			}
		}
		return array( 'root' => $environment->root() ) + $folders + array( 'outsideRoot' => $outside );
	}

	/**
	 * @return array<string, mixed>
	 */
	private static function php(): array {
		return array(
			'version'             => PHP_VERSION,
			'memoryLimitBytes'    => Bytes::from_ini( (string) ini_get( 'memory_limit' ) ),
			'maxExecutionSeconds' => (int) ini_get( 'max_execution_time' ),
			'postMaxBytes'        => Bytes::from_ini( (string) ini_get( 'post_max_size' ) ),
			'extensions'          => array_values( array_map( 'strtolower', get_loaded_extensions() ) ),
			'opcache'             => function_exists( 'opcache_get_status' ) && (bool) ini_get( 'cli' === PHP_SAPI || 'cli-server' === PHP_SAPI ? 'opcache.enable_cli' : 'opcache.enable' ),
			'timezone'            => date_default_timezone_get(),
		);
	}

	/**
	 * @return array<string, mixed>
	 */
	private static function database( Environment $environment ): array {
		$database = $environment->database();
		return array(
			'version'               => $database->version(),
			'flavour'               => $database->flavour(),
			'name'                  => $database->name(),
			'prefix'                => $environment->prefix(),
			'charset'               => $database->variable( 'character_set_database' ),
			'collation'             => $database->variable( 'collation_database' ),
			'maxAllowedPacketBytes' => $database->max_allowed_packet(),
			'lowerCaseTableNames'   => (int) $database->variable( 'lower_case_table_names' ),
			'sizeBytes'             => SiteTables::of_environment( $environment )->size_bytes(),
		);
	}
}
