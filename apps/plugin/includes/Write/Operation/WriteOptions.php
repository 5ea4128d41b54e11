<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\OptionWriter;
use WpCloneRestore\Write\Session;

/**
 * Sets or deletes options.
 */
final class WriteOptions extends SessionOperation {

	public function name(): string {
		return 'options.write';
	}

	protected function run( Session $session, Request $request ): array {
		( new OptionWriter( $session ) )->write( $request->text( 'table' ), $request->items( 'options' ) );
		return array( 'ok' => true );
	}
}
