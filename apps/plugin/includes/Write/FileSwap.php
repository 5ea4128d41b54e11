<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use Generator;
use WpCloneRestore\Agent\AgentError;

/**
 * Exchanges staged and live files by renaming. The plan is on disk before the first move; what of it is done is read off the
 * files that exist, so that both directions can be taken at any time, and again.
 *
 * Per path: staged + live -> the live one goes to the restore point, then the staged one to its place. While the staged one still
 * exists, whatever is live is the former version; once it is gone, whatever is live is ours.
 */
final class FileSwap {

	private const PUT    = 'put';
	private const REMOVE = 'remove';

	/**
	 * @var Session
	 */
	private $session;

	/**
	 * @var PathGuard
	 */
	private $guard;

	public function __construct( Session $session ) {
		$this->session = $session;
		$this->guard   = new PathGuard( $session->root(), $session->work_dir() );
	}

	/**
	 * Writes the plan: which paths are put in place as a whole, and which are removed.
	 *
	 * @throws AgentError Codes of DiskError, and `agent.path_refused` for a place that lies outside of the site.
	 */
	public function plan(): void {
		$file   = $this->plan_file() . '.part';
		$handle = @fopen( $file, 'wb' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
		if ( false === $handle ) {
			throw DiskError::not_writable( $file );
		}
		$removals = $this->removals();
		foreach ( $this->steps( $removals ) as list( $what, $path ) ) {
			$this->guard->check_parents( $this->guard->root(), $path );
			$line = $what . ' ' . base64_encode( $path ) . "\n";
			DiskError::check_write( $file, @fwrite( $handle, $line ), strlen( $line ) ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		}
		DurableFile::sync( $handle );
		fclose( $handle );
		FileTree::move( $file, $this->plan_file() );
	}

	/**
	 * Removes and puts in place.
	 *
	 * @throws AgentError Codes of DiskError.
	 */
	public function forward(): void {
		foreach ( $this->read_plan() as list( $what, $path ) ) {
			$live    = $this->session->root() . $path;
			$staged  = $this->session->staging_dir() . $path;
			$restore = $this->session->restore_dir() . $path;
			if ( self::PUT === $what && ! FileTree::exists( $staged ) ) {
				continue;
			}
			if ( FileTree::exists( $live ) && ! FileTree::exists( $restore ) ) {
				FileTree::move( $live, $restore );
			}
			if ( self::PUT === $what ) {
				// Nothing but what somebody made here in the last moment; the restore point has the real one.
				FileTree::remove( $live );
				FileTree::move( $staged, $live );
			}
		}
	}

	/**
	 * Puts former versions back and ours into staging.
	 *
	 * @throws AgentError Codes of DiskError.
	 */
	public function back(): void {
		foreach ( array( self::PUT, self::REMOVE ) as $kind ) {
			foreach ( $this->read_plan() as list( $what, $path ) ) {
				if ( $what === $kind ) {
					$this->undo( $what, $path );
				}
			}
		}
	}

	private function undo( string $what, string $path ): void {
		$live    = $this->session->root() . $path;
		$staged  = $this->session->staging_dir() . $path;
		$restore = $this->session->restore_dir() . $path;
		if ( self::PUT === $what && FileTree::exists( $live ) && ! FileTree::exists( $staged ) ) {
			FileTree::move( $live, $staged );
		}
		if ( FileTree::exists( $restore ) ) {
			FileTree::remove( $live );
			FileTree::move( $restore, $live );
		}
	}

	/**
	 * @param array<string, true> $removals Paths.
	 * @return Generator<array{0: string, 1: string}>
	 */
	private function steps( array $removals ): Generator {
		$puts   = iterator_to_array( $this->puts( '', $removals ), false );
		$placed = array();
		foreach ( $puts as list( , $path ) ) {
			$placed[ $path ] = true;
		}
		foreach ( array_keys( $removals ) as $path ) {
			// A folder that gives way to a file goes as a whole, with what is to be removed from it and what is not.
			if ( ! self::is_below( (string) $path, $placed ) ) {
				yield array( self::REMOVE, (string) $path );
			}
		}
		yield from $puts;
	}

	/**
	 * A folder that is new goes to its place as a whole; one that is there already is entered.
	 *
	 * @param array<string, true> $removals Paths.
	 * @return Generator<array{0: string, 1: string}>
	 */
	private function puts( string $folder, array $removals ): Generator {
		foreach ( FileTree::names( $this->session->staging_dir() . $folder ) as $name ) {
			$path   = $folder . $name;
			$staged = $this->session->staging_dir() . $path;
			$enter  = is_dir( $staged ) && ! is_link( $staged ) && is_dir( $this->session->root() . $path ) && ! isset( $removals[ $path ] );
			if ( $enter ) {
				yield from $this->puts( $path . '/', $removals );
			} else {
				yield array( self::PUT, $path );
			}
		}
	}

	/**
	 * Paths to remove, without those inside of others, and in byte order.
	 *
	 * @return array<string, true>
	 */
	private function removals(): array {
		$paths = array_map( 'base64_decode', (array) $this->session->journal()->get( 'removals', array() ) );
		sort( $paths, SORT_STRING );
		$kept = array();
		foreach ( $paths as $path ) {
			if ( ! self::is_below( $path, $kept ) ) {
				$kept[ $path ] = true;
			}
		}
		return $kept;
	}

	/**
	 * @param array<string, true> $folders Paths.
	 */
	private static function is_below( string $path, array $folders ): bool {
		for ( $above = dirname( $path ); '.' !== $above; $above = dirname( $above ) ) {
			if ( isset( $folders[ $above ] ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * @return Generator<array{0: string, 1: string}>
	 */
	private function read_plan(): Generator {
		$handle = @fopen( $this->plan_file(), 'rb' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- no plan, nothing was moved.
		if ( false === $handle ) {
			return;
		}
		for ( $line = fgets( $handle ); false !== $line; $line = fgets( $handle ) ) {
			list( $what, $path ) = explode( ' ', rtrim( $line, "\n" ), 2 );
			yield array( $what, (string) base64_decode( $path, true ) );
		}
		fclose( $handle );
	}

	private function plan_file(): string {
		return $this->session->dir() . 'plan';
	}
}
