<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * Keeps every path inside the site.
 */
final class PathGuard {

	/**
	 * The real site root, without trailing slash.
	 *
	 * @var string
	 */
	private $root;

	/**
	 * The agent's own work folder relative to the root, with trailing slash; empty when it is elsewhere.
	 *
	 * @var string
	 */
	private $work = '';

	/**
	 * Where folders already found to be inside the root really are.
	 *
	 * @var array<string, string>
	 */
	private $safe = array();

	/**
	 * @param string $root     Site root.
	 * @param string $work_dir The agent's work folder.
	 */
	public function __construct( string $root, string $work_dir ) {
		$real       = realpath( $root );
		$this->root = false === $real ? rtrim( $root, '/' ) : $real;
		$work       = realpath( $work_dir );
		if ( false !== $work && 0 === strpos( $work . '/', $this->root . '/' ) ) {
			$this->work = substr( $work, strlen( $this->root ) + 1 ) . '/';
		}
	}

	/** The real site root, without trailing slash. */
	public function root(): string {
		return $this->root;
	}

	/**
	 * The path a worker sent, as raw bytes relative to the root, without trailing slash.
	 *
	 * @param mixed $wire Base64url of the raw bytes.
	 * @throws AgentError Code `agent.path_refused`.
	 */
	public function decode( $wire ): string {
		$path = is_string( $wire ) ? base64_decode( strtr( $wire, '-_', '+/' ), true ) : false;
		if ( false === $path ) {
			throw AgentError::path_refused( is_string( $wire ) ? $wire : gettype( $wire ) );
		}
		return $this->check( $path );
	}

	/**
	 * The same path if it is relative and stays inside.
	 *
	 * @throws AgentError Code `agent.path_refused`.
	 */
	public function check( string $path ): string {
		$foreign = false !== strpos( $path, "\0" ) || ( '\\' === DIRECTORY_SEPARATOR && preg_match( '/[\\\\:]/', $path ) );
		if ( $foreign || strlen( $path ) > 4000 || $this->is_work( $path ) ) {
			throw AgentError::path_refused( $path );
		}
		foreach ( explode( '/', $path ) as $segment ) {
			if ( '' === $segment || '.' === $segment || '..' === $segment || strlen( $segment ) > 255 ) {
				throw AgentError::path_refused( $path );
			}
		}
		return $path;
	}

	/** Whether a path is the agent's own work folder or lies in it. */
	public function is_work( string $path ): bool {
		return '' !== $this->work && 0 === strpos( $path . '/', $this->work );
	}

	/** Whether the agent's own work folder lies below a path. */
	public function is_above_work( string $path ): bool {
		return 0 === strpos( $this->work, $path . '/' );
	}

	/**
	 * Makes sure that no folder above `$path` leads out of `$base` through a link, or into the agent's own work folder.
	 *
	 * @param string $base Folder the path is relative to, without trailing slash, itself real.
	 * @throws AgentError Code `agent.path_refused`.
	 */
	public function check_parents( string $base, string $path ): void {
		$names  = explode( '/', $path );
		$name   = array_pop( $names );
		$folder = implode( '/', $names );
		if ( '' === $folder ) {
			return;
		}
		$real = $this->safe[ $base . '/' . $folder ] ?? $this->real_folder( $base, $names, $path );
		if ( $base === $this->root && $this->is_work( substr( $real . '/' . $name, strlen( $base ) + 1 ) ) ) {
			throw AgentError::path_refused( $path );
		}
	}

	/**
	 * Where a folder really is, as far as it is there.
	 *
	 * @param array<int, string> $names Names below the base.
	 * @param string             $path  What an error names.
	 * @throws AgentError Code `agent.path_refused` when a link leads out of the base.
	 */
	private function real_folder( string $base, array $names, string $path ): string {
		$at   = $base;
		$real = $base;
		foreach ( $names as $name ) {
			$at   .= '/' . $name;
			$real .= '/' . $name;
			if ( is_link( $at ) ) {
				$target = realpath( $at );
				if ( false === $target || 0 !== strpos( $target . '/', $base . '/' ) ) {
					throw AgentError::path_refused( $path );
				}
				$real = $target;
			}
		}
		if ( is_dir( $at ) ) {
			$this->safe[ $at ] = $real;
		}
		return $real;
	}

	/**
	 * Makes sure that a link's target stays inside the root; it need not exist. Only leading `..` are understood: behind a folder
	 * that is itself a link they would lead elsewhere.
	 *
	 * @throws AgentError Code `agent.path_refused`.
	 */
	public function check_target( string $link, string $target ): void {
		$inside = 0 === strpos( $target . '/', $this->root . '/' );
		$climbs = preg_match( '#^(\.\./|\./)*#', $target . '/', $match ) ? substr_count( $match[0], '../' ) : 0;
		$rest   = $inside ? substr( $target, strlen( $this->root ) ) : (string) substr( $target, strlen( $match[0] ) );
		$depth  = substr_count( $link, '/' );
		$above  = array_slice( explode( '/', $link ), 0, max( 0, $depth - $climbs ) );
		$lands  = trim( ( $inside ? '' : implode( '/', $above ) . '/' ) . $rest, '/' );
		$absolute = '' !== $target && '/' === $target[0];
		if ( '' === $target || false !== strpos( $target, "\0" ) || ( $absolute && ! $inside ) || $climbs > $depth
			|| preg_match( '#(^|/)\.\.(/|$)#', $rest ) || $this->is_work( $lands ) ) {
			throw AgentError::path_refused( $link );
		}
	}

	/**
	 * Makes sure that no folder above a link is a link itself: `..` in its target would lead elsewhere.
	 *
	 * @throws AgentError Code `agent.path_refused`.
	 */
	public function check_real_parents( string $base, string $path ): void {
		$at       = $base;
		$segments = explode( '/', $path );
		array_pop( $segments );
		foreach ( $segments as $segment ) {
			$at .= '/' . $segment;
			if ( is_link( $at ) ) {
				throw AgentError::path_refused( $path );
			}
		}
	}
}
