<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Files;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Support\WorkFolder;

/**
 * Paths of the protocol: raw bytes, relative to the site root, as base64url in JSON.
 */
final class SitePath {

	public static function encode( string $path ): string {
		return rtrim( strtr( base64_encode( $path ), '+/', '-_' ), '=' );
	}

	/**
	 * @param mixed $wire Argument of a request.
	 * @return string A safe relative path.
	 * @throws AgentError Code `agent.path_refused`.
	 */
	public static function decode( $wire ): string {
		$path = is_string( $wire ) ? base64_decode( strtr( $wire, '-_', '+/' ), true ) : false;
		if ( false === $path || ! self::is_safe( $path ) ) {
			throw AgentError::path_refused( is_string( $path ) ? $path : '' );
		}
		return $path;
	}

	/** Whether a path names something below the root, without `.`, `..`, empty names and NUL. */
	public static function is_safe( string $path ): bool {
		if ( '' === $path || strlen( $path ) > 0xFFFF || false !== strpos( $path, "\0" ) ) {
			return false;
		}
		foreach ( explode( '/', $path ) as $name ) {
			if ( '' === $name || '.' === $name || '..' === $name ) {
				return false;
			}
		}
		return true;
	}

	/**
	 * The absolute path of a file that may be read: its folder must really be inside the root, also through links, and it
	 * must not be one of the agent's own.
	 *
	 * @param string $path A safe relative path.
	 * @throws AgentError Code `agent.path_refused`.
	 */
	public static function readable( Environment $environment, string $path ): string {
		$root   = $environment->root();
		$folder = realpath( dirname( $root . $path ) );
		if ( false !== $folder && ! self::is_inside( $folder . '/', realpath( $root ) . '/' ) ) {
			throw AgentError::path_refused( $path );
		}
		// Under another name, too, which a link inside of the site gives it.
		$name   = substr( $path, (int) strrpos( '/' . $path, '/' ) );
		$places = false === $folder ? array() : array( $root . ltrim( substr( $folder, strlen( (string) realpath( $root ) ) ) . '/' . $name, '/' ), $folder . '/' . $name );
		foreach ( array_merge( array( $root . $path ), $places ) as $place ) {
			if ( self::is_own( $environment, $place . '/' ) ) {
				throw AgentError::path_refused( $path );
			}
		}
		return $root . $path;
	}

	/**
	 * Whether an absolute path, with a trailing slash, lies in a work folder of the agent.
	 */
	public static function is_own( Environment $environment, string $absolute ): bool {
		$content = $environment->content_dir() . WorkFolder::NAME_PREFIX;
		return 0 === strncmp( $absolute, $content, strlen( $content ) ) || self::is_inside( $absolute, $environment->work_path() );
	}

	/** Whether an absolute path lies in a folder, both with a trailing slash. */
	public static function is_inside( string $path, string $folder ): bool {
		return 0 === strncmp( $path, $folder, strlen( $folder ) );
	}

	/**
	 * The target of a symbolic link, relative to the link's folder.
	 *
	 * @param string        $link   Relative path of the link.
	 * @param string        $target As it stands in the link.
	 * @param array<string> $roots  Ways to write the site root, with trailing slashes.
	 * @return string|null Null when it leaves the root.
	 */
	public static function link_target( string $link, string $target, array $roots ): ?string {
		$names = explode( '/', $link );
		array_pop( $names );
		if ( '/' !== ( $target[0] ?? '' ) ) {
			return null === self::normalise( array_merge( $names, explode( '/', $target ) ) ) ? null : $target;
		}
		foreach ( $roots as $root ) {
			if ( self::is_inside( $target . '/', $root ) ) {
				$inside = self::normalise( explode( '/', (string) substr( $target, strlen( $root ) ) ) );
				return null === $inside ? null : self::relative( $names, $inside );
			}
		}
		return null;
	}

	/**
	 * @param array<int, string> $from Names of the folder.
	 * @param array<int, string> $to   Names of the target.
	 */
	private static function relative( array $from, array $to ): string {
		while ( $from && $to && $from[0] === $to[0] ) {
			array_shift( $from );
			array_shift( $to );
		}
		$names = array_merge( array_fill( 0, count( $from ), '..' ), $to );
		return $names ? implode( '/', $names ) : '.';
	}

	/**
	 * @param array<int, string> $names Names, maybe with `.` and `..`.
	 * @return array<int, string>|null Null when they leave the root.
	 */
	private static function normalise( array $names ): ?array {
		$result = array();
		foreach ( $names as $name ) {
			if ( '..' === $name && null === array_pop( $result ) ) {
				return null;
			}
			if ( '' !== $name && '.' !== $name && '..' !== $name ) {
				$result[] = $name;
			}
		}
		return $result;
	}
}
