<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Support\BaseFile;

/**
 * `base.read`: what `base.write` has written.
 */
final class BaseRead implements Operation {

	private const PART_BYTES = 1048576;

	public function name(): string {
		return 'base.read';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		clearstatcache();
		$file = BaseFile::path_of( $request );
		if ( ! is_file( $file ) ) {
			$out->write_json( array( 'exists' => false ) );
			return;
		}
		$handle = @fopen( $file, 'rb' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- reported below.
		if ( false === $handle ) {
			throw AgentError::failed( 'the base cannot be read' );
		}
		$size   = (int) fstat( $handle )['size'];
		$offset = BaseFile::offset_of( $request, $size );
		$budget = $request->budget();
		fseek( $handle, $offset );
		while ( $offset < $size ) {
			$data = (string) stream_get_contents( $handle, min( self::PART_BYTES, $size - $offset ) );
			if ( '' === $data ) {
				throw AgentError::failed( 'the base ends early' );
			}
			$out->write( 'F', array(), $data );
			$offset += strlen( $data );
			$budget->spend( strlen( $data ) );
			if ( $budget->should_stop() ) {
				break;
			}
		}
		fclose( $handle );
		$out->end( $offset >= $size, null, array( 'next' => array( 'offset' => $offset ) ) );
	}
}
