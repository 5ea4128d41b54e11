<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Support\BaseFile;
use WpCloneRestore\Write\DiskError;
use WpCloneRestore\Write\DurableFile;
use WpCloneRestore\Write\FileTree;

/**
 * `base.write`: cuts a file beside the clone at an offset and appends. Said again it does the same again.
 */
final class WriteBase implements Operation {

	public function name(): string {
		return 'base.write';
	}

	public function mutates(): bool {
		return true;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$file = BaseFile::path_of( $request );
		clearstatcache();
		// Before the file is made, so that a refused call leaves none.
		BaseFile::offset_of( $request, is_file( $file ) ? (int) filesize( $file ) : 0 );
		FileTree::make( dirname( $file ) );
		$handle = @fopen( $file, 'cb' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
		if ( false === $handle || ! flock( $handle, LOCK_EX ) ) {
			throw DiskError::not_writable( $file );
		}
		try {
			$offset = BaseFile::offset_of( $request, (int) fstat( $handle )['size'] );
			ftruncate( $handle, $offset );
			fseek( $handle, $offset );
			foreach ( $request->frames() as $frame ) {
				if ( 'F' !== $frame->kind ) {
					throw AgentError::malformed( 'only file parts can be written to a base' );
				}
				DiskError::check_write( $file, @fwrite( $handle, $frame->data ), strlen( $frame->data ) ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
				$offset += strlen( $frame->data );
			}
			DurableFile::sync( $handle );
		} finally {
			fclose( $handle );
		}
		$out->write_json( array( 'size' => $offset ) );
	}
}
