<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Files;

use Generator;
use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Stream\IndexPacker;

/**
 * Walks through the site's files: depth first, names in byte order, links not followed. Can go on after any path.
 */
final class TreeWalk {

	/**
	 * @var Environment
	 */
	private $environment;

	/**
	 * @var string
	 */
	private $root;

	/**
	 * Ways to write the root.
	 *
	 * @var array<int, string>
	 */
	private $roots;

	/**
	 * What cannot be listed: relative path and reason.
	 *
	 * @var array<int, array{path: string, reason: string}>
	 */
	private $skipped = array();

	public function __construct( Environment $environment ) {
		$this->environment = $environment;
		$this->root        = $environment->root();
		$this->roots       = array( $this->root, rtrim( (string) realpath( $this->root ), '/' ) . '/' );
	}

	/**
	 * Packed entries by path, after `$after`.
	 *
	 * @param string $after A safe relative path, or empty for all.
	 * @return Generator<string, string>
	 */
	public function entries( string $after ): Generator {
		yield from $this->walk( '', '' === $after ? array() : explode( '/', $after ) );
	}

	/**
	 * What was skipped since the last call.
	 *
	 * @return array<int, array{path: string, reason: string}>
	 */
	public function take_skipped(): array {
		$skipped       = $this->skipped;
		$this->skipped = array();
		return $skipped;
	}

	/**
	 * @param string             $folder Relative path with a trailing slash; empty for the root.
	 * @param array<int, string> $after  Names below the folder that were listed last.
	 * @return Generator<string, string>
	 */
	private function walk( string $folder, array $after ): Generator {
		$first = array_shift( $after );
		foreach ( $this->names( $folder ) as $name ) {
			$order = null === $first ? 1 : strcmp( $name, $first );
			if ( $order < 0 ) {
				continue;
			}
			$path  = $folder . $name;
			$entry = $this->entry( $path );
			if ( null === $entry ) {
				continue;
			}
			if ( $order > 0 ) {
				yield $path => $entry;
			}
			if ( 'd' === $entry[0] ) {
				yield from $this->walk( $path . '/', 0 === $order ? $after : array() );
			}
		}
	}

	/**
	 * @return array<int, string>
	 */
	private function names( string $folder ): array {
		$names = @scandir( $this->root . $folder, SCANDIR_SORT_NONE ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $names ) {
			$this->skip( rtrim( $folder, '/' ), 'unreadable' );
			return array();
		}
		$names = array_diff( $names, array( '.', '..' ) );
		sort( $names, SORT_STRING );
		return $names;
	}

	/** The packed entry; null when it is skipped. */
	private function entry( string $path ): ?string {
		$stat = @lstat( $this->root . $path ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		if ( false === $stat ) {
			$this->skip( $path, 'missing' );
			return null;
		}
		$mode = $stat['mode'] & 07777;
		switch ( $stat['mode'] & 0170000 ) {
			case 0100000:
				if ( ! is_readable( $this->root . $path ) ) {
					$this->skip( $path, 'unreadable' );
					return null;
				}
				return IndexPacker::pack( 'f', $mode, $stat['mtime'], $stat['size'], $path );
			case 0040000:
				if ( SitePath::is_own( $this->environment, $this->root . $path . '/' ) ) {
					return null;
				}
				return IndexPacker::pack( 'd', $mode, $stat['mtime'], 0, $path );
			case 0120000:
				return $this->link( $path, $mode, $stat['mtime'] );
			default:
				$this->skip( $path, 'special' );
				return null;
		}
	}

	private function link( string $path, int $mode, int $mtime ): ?string {
		$target = @readlink( $this->root . $path ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		$inside = false === $target ? null : SitePath::link_target( $path, $target, $this->roots );
		if ( null === $inside ) {
			$this->skip( $path, 'outside' );
			return null;
		}
		return IndexPacker::pack( 'l', $mode, $mtime, 0, $path, $inside );
	}

	private function skip( string $path, string $reason ): void {
		$this->skipped[] = array(
			'path'   => $path,
			'reason' => $reason,
		);
	}
}
