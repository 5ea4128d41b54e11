<?php

declare(strict_types=1);

namespace WpCloneRestore\Write\Operation;

use WpCloneRestore\Agent\Request;
use WpCloneRestore\Write\AdminAccount;
use WpCloneRestore\Write\AdminWriter;
use WpCloneRestore\Write\Session;

/**
 * Makes sure that an administrator of our own exists.
 */
final class EnsureAdmin extends SessionOperation {

	public function name(): string {
		return 'users.ensure-admin';
	}

	protected function is_exclusive(): bool {
		return true;
	}

	protected function run( Session $session, Request $request ): array {
		$user = new AdminAccount( $request->text( 'login' ), $request->text( 'email' ), $request->text( 'passwordHash' ), $request->text( 'marker' ) );
		return array( 'userId' => ( new AdminWriter( $session ) )->ensure( $user ) );
	}
}
