<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Facts\FileHeader;
use WpCloneRestore\Read\Facts\StoredOptions;
use WpCloneRestore\Stream\FrameWriter;

/**
 * `site.inventory`: plugins and themes by the headers of their files, the way WordPress finds them but without it.
 */
final class SiteInventory implements Operation {

	public function name(): string {
		return 'site.inventory';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$environment = $request->environment();
		$options     = StoredOptions::read( $environment, array( 'active_plugins', 'template', 'stylesheet' ) );
		$themes      = array( $options['stylesheet'] ?? '', $options['template'] ?? '' );
		$out->write_json(
			array(
				'plugins'            => self::plugins( $environment, self::active_plugins( $options['active_plugins'] ?? '' ) ),
				'themes'             => self::themes( $environment, $themes ),
				'firstAdministrator' => self::first_administrator( $environment ),
			)
		);
	}

	/** Id of the administrator who was there first, who inherits what a clone's own administrator wrote; null when there is none. */
	private static function first_administrator( Environment $environment ): ?int {
		$database = $environment->database();
		$meta     = $database->identifier( $environment->prefix() . 'usermeta' );
		$key      = $database->quote( $environment->prefix() . 'capabilities' );
		try {
			$id = $database->value( "SELECT MIN(user_id) FROM {$meta} WHERE meta_key = {$key} AND meta_value LIKE '%\"administrator\"%'" );
		} catch ( AgentError $error ) {
			return null;
		}
		return null === $id ? null : (int) $id;
	}

	/**
	 * The files named in the option, which is a serialized list. It is not unserialized: that would be code of others at work.
	 *
	 * @return array<int, string>
	 */
	public static function active_plugins( string $serialized ): array {
		preg_match_all( '/s:\d+:"([^"]+)";/', $serialized, $match );
		return $match[1];
	}

	/**
	 * @param array<int, string> $active Files.
	 * @return array<int, array<string, mixed>>
	 */
	private static function plugins( Environment $environment, array $active ): array {
		$folder  = $environment->plugins_dir();
		$plugins = array();
		foreach ( self::candidates( $folder, '.php' ) as $file ) {
			$header = FileHeader::read( $folder . $file, array( 'Plugin Name', 'Version' ) );
			if ( '' !== $header['Plugin Name'] ) {
				$plugins[] = array(
					'file'    => $file,
					'name'    => $header['Plugin Name'],
					'version' => $header['Version'],
					'active'  => in_array( $file, $active, true ),
				);
			}
		}
		return $plugins;
	}

	/**
	 * @param array<int, string> $active Slugs.
	 * @return array<int, array<string, mixed>>
	 */
	private static function themes( Environment $environment, array $active ): array {
		$root   = $environment->content_dir() . 'themes/';
		$themes = array();
		foreach ( self::names( $root ) as $name ) {
			// A folder without a style sheet may hold themes itself.
			$slugs = is_file( $root . $name . '/style.css' ) ? array( $name ) : array_map(
				static function ( string $inner ) use ( $name ): string {
					return $name . '/' . $inner;
				},
				is_dir( $root . $name ) ? self::names( $root . $name ) : array()
			);
			foreach ( $slugs as $slug ) {
				$header = FileHeader::read( $root . $slug . '/style.css', array( 'Theme Name', 'Version' ) );
				if ( '' !== $header['Theme Name'] ) {
					$themes[] = array(
						'slug'    => $slug,
						'name'    => $header['Theme Name'],
						'version' => $header['Version'],
						'active'  => in_array( $slug, $active, true ),
					);
				}
			}
		}
		return $themes;
	}

	/**
	 * Files of a kind in a folder and in its folders.
	 *
	 * @return array<int, string> Relative paths.
	 */
	private static function candidates( string $folder, string $suffix ): array {
		$files = array();
		foreach ( self::names( $folder ) as $name ) {
			$inner = is_dir( $folder . $name ) ? self::names( $folder . $name ) : array();
			foreach ( is_dir( $folder . $name ) ? $inner : array( '' ) as $file ) {
				$path = '' === $file ? $name : $name . '/' . $file;
				if ( substr( $path, -strlen( $suffix ) ) === $suffix && is_file( $folder . $path ) ) {
					$files[] = $path;
				}
			}
		}
		return $files;
	}

	/**
	 * Names in a folder in byte order, without hidden ones.
	 *
	 * @return array<int, string>
	 */
	private static function names( string $folder ): array {
		$names = @scandir( $folder ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- there may be none.
		return array_values( (array) preg_grep( '/^[^.]/', false === $names ? array() : $names ) );
	}
}
