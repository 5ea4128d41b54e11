<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Write\Caches;

/**
 * Makes PHP and WordPress forget what they remember of files and options.
 */
final class ResetCaches implements Operation {

	public function name(): string {
		return 'cache.reset';
	}

	public function mutates(): bool {
		return true;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$out->write_json( array( 'reset' => Caches::reset() ) );
	}
}
