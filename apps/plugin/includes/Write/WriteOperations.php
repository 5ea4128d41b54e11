<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\Operation as AgentOperation;

/**
 * The operations that change a site; see docs/protocol.md, write side.
 */
final class WriteOperations {

	/**
	 * @return array<int, AgentOperation>
	 */
	public static function all(): array {
		return array(
			new Operation\BeginSession(),
			new Operation\ReadState(),
			new Operation\CreateTables(),
			new Operation\MergeTables(),
			new Operation\WriteRows(),
			new Operation\WriteFiles(),
			new Operation\MakeFiles(),
			new Operation\RemoveFiles(),
			new Operation\ExecuteStatements(),
			new Operation\CommitSession(),
			new Operation\VerifySession(),
			new Operation\RollbackSession(),
			new Operation\FinishSession(),
			new Operation\WriteOptions(),
			new Operation\EnsureAdmin(),
			new Operation\WriteBase(),
			new Operation\ResetCaches(),
		);
	}
}
