<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Stream\Frame;

/**
 * Writes files, folders and links to where they wait for the commit (merge) or to their final place (replacement).
 */
final class FileStaging {

	private const MODE_MASK = 0777;

	/**
	 * @var Session
	 */
	private $session;

	/**
	 * @var PathGuard
	 */
	private $guard;

	/**
	 * Where paths begin, without trailing slash; itself real.
	 *
	 * @var string
	 */
	private $base;

	/**
	 * Folders this request has made or found.
	 *
	 * @var array<string, true>
	 */
	private $folders = array();

	/**
	 * @throws AgentError Code `agent.invalid_arguments` for a merge that is not open.
	 */
	public function __construct( Session $session ) {
		$this->session = $session;
		$this->guard   = new PathGuard( $session->root(), $session->work_dir() );
		$this->base    = $this->guard->root();
		if ( $session->is_merge() ) {
			// After the commit a file would go past the restore point.
			$session->assert_open();
			FileTree::make( rtrim( $session->staging_dir(), '/' ) );
			$this->base = (string) realpath( $session->staging_dir() );
		}
	}

	/**
	 * Writes the bytes of one `F` frame at their offset. Parts come in order; one that comes again changes nothing.
	 *
	 * @throws AgentError Codes `agent.path_refused`, `agent.invalid_arguments`, `target.disk_full`, `target.not_writable`.
	 */
	public function write( Frame $frame ): void {
		$path   = $this->guard->decode( $frame->meta['path'] ?? null );
		$offset = self::whole( $frame, 'offset' );
		$file   = $this->prepare( $path );
		$handle = @fopen( $file, 'cb' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
		if ( false === $handle ) {
			throw DiskError::not_writable( $file );
		}
		$before = fstat( $handle );
		$eof    = true === ( $frame->meta['eof'] ?? false );
		try {
			self::put( $handle, $file, (int) $before['size'], $offset, $frame->data );
			if ( $eof ) {
				self::end( $handle, $path, max( (int) $before['size'], $offset + strlen( $frame->data ) ), $offset + strlen( $frame->data ), self::whole( $frame, 'size' ) );
			}
		} finally {
			fclose( $handle );
		}
		if ( $eof ) {
			$mode = self::whole( $frame, 'mode' ) & self::MODE_MASK;
			// Most files have the mode new files get anyway; a call less for each of them.
			if ( ( $before['mode'] & 07777 ) !== $mode ) {
				chmod( $file, $mode );
			}
			touch( $file, self::whole( $frame, 'mtime' ) );
		}
	}

	/**
	 * Makes a folder or a link.
	 *
	 * @param array<string, mixed> $entry `kind`, `path`, `mode`, and for links `target`.
	 * @throws AgentError Codes `agent.path_refused`, `agent.invalid_arguments`, `target.disk_full`, `target.not_writable`.
	 */
	public function make( array $entry ): void {
		$path = $this->guard->decode( $entry['path'] ?? null );
		$kind = $entry['kind'] ?? null;
		if ( 'd' === $kind ) {
			$this->make_folder( $path, (int) ( $entry['mode'] ?? 0755 ) );
		} elseif ( 'l' === $kind ) {
			$this->make_link( $path, $entry['target'] ?? null );
		} else {
			throw AgentError::invalid_arguments( 'only folders and links can be made' );
		}
	}

	/**
	 * Forgets every file that is staged and every removal.
	 *
	 * @throws AgentError Codes `agent.invalid_arguments` for what is no merge, and `target.not_writable`.
	 */
	public function reset(): void {
		if ( ! $this->session->is_merge() ) {
			throw AgentError::invalid_arguments( 'a replacement stages no files' );
		}
		FileTree::remove( rtrim( $this->session->staging_dir(), '/' ) );
		$this->session->journal()->set( array( 'removals' => array() ) );
	}

	/**
	 * Marks a path for removal at the commit; a replacement removes it at once.
	 *
	 * @param array<int, mixed> $wire_paths Base64url each.
	 * @throws AgentError Codes `agent.path_refused` and `target.not_writable`.
	 */
	public function remove( array $wire_paths ): void {
		$paths = array_map( array( $this->guard, 'decode' ), $wire_paths );
		foreach ( $paths as $path ) {
			$this->guard->check_parents( $this->guard->root(), $path );
			if ( $this->guard->is_above_work( $path ) ) {
				throw AgentError::path_refused( $path );
			}
			if ( ! $this->session->is_merge() ) {
				FileTree::remove( $this->base . '/' . $path );
			}
		}
		if ( $this->session->is_merge() ) {
			$this->session->journal()->update(
				static function ( array $data ) use ( $paths ): array {
					$known = array_merge( $data['removals'] ?? array(), array_map( 'base64_encode', $paths ) );
					return array( 'removals' => array_values( array_unique( $known ) ) );
				}
			);
		}
	}

	private function make_folder( string $path, int $mode ): void {
		$this->guard->check_parents( $this->base, $path );
		$dir = $this->base . '/' . $path;
		// A link to a folder inside the site is as good as the folder.
		if ( is_dir( $dir ) && is_link( $dir ) ) {
			$this->guard->check_parents( $this->base, $path . '/.' );
			return;
		}
		if ( FileTree::exists( $dir ) && ! is_dir( $dir ) ) {
			FileTree::remove( $dir );
		}
		$this->check_live( $path );
		FileTree::make( $dir );
		// The owner must be able to fill it and to remove it again.
		chmod( $dir, ( $mode & self::MODE_MASK ) | 0700 );
	}

	/**
	 * @param mixed $wire_target Base64url of the raw bytes.
	 */
	private function make_link( string $path, $wire_target ): void {
		$target = is_string( $wire_target ) ? base64_decode( strtr( $wire_target, '-_', '+/' ), true ) : false;
		if ( false === $target ) {
			throw AgentError::invalid_arguments( 'a link needs a target' );
		}
		$this->guard->check_target( $path, $target );
		$this->guard->check_real_parents( $this->base, $path );
		$this->check_live( $path );
		$link = $this->base . '/' . $path;
		if ( is_link( $link ) && readlink( $link ) === $target ) {
			return;
		}
		FileTree::make( dirname( $link ) );
		FileTree::remove( $link );
		if ( ! @symlink( $target, $link ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
			throw DiskError::not_writable( $link );
		}
	}

	/** Makes the folders above a file and takes away a link in its place; a link is never written through. */
	private function prepare( string $path ): string {
		$this->guard->check_parents( $this->base, $path );
		$this->check_live( $path );
		$file = $this->base . '/' . $path;
		$folder = dirname( $file );
		if ( ! isset( $this->folders[ $folder ] ) ) {
			FileTree::make( $folder );
			$this->folders[ $folder ] = true;
		}
		if ( is_link( $file ) ) {
			FileTree::remove( $file );
		}
		return $file;
	}

	/** What is staged must be able to go to its place later, so that place is checked now. */
	private function check_live( string $path ): void {
		if ( $this->base !== $this->guard->root() ) {
			$this->guard->check_parents( $this->guard->root(), $path );
		}
	}

	/**
	 * @param resource $handle Open file.
	 */
	private static function put( $handle, string $file, int $size, int $offset, string $data ): void {
		if ( $offset > $size ) {
			throw AgentError::invalid_arguments( "a part of {$file} is missing: {$size} bytes are there, {$offset} comes" );
		}
		if ( $offset > 0 ) {
			fseek( $handle, $offset );
		}
		if ( '' !== $data ) {
			DiskError::check_write( $file, @fwrite( $handle, $data ), strlen( $data ) ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
		}
	}

	/**
	 * @param resource $handle Open file.
	 */
	private static function end( $handle, string $path, int $now, int $written, int $size ): void {
		if ( $written < $size ) {
			throw AgentError::invalid_arguments( "{$path} ends at {$written} of {$size} bytes" );
		}
		// What is left of a longer former version, or of a source that shrank while it was read.
		if ( $now > $size ) {
			ftruncate( $handle, $size );
		}
	}

	private static function whole( Frame $frame, string $member ): int {
		$value = $frame->meta[ $member ] ?? null;
		if ( ! is_int( $value ) || $value < 0 ) {
			throw AgentError::invalid_arguments( 'a file part needs ' . $member );
		}
		return $value;
	}
}
