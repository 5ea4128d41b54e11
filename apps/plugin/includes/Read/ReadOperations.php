<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\Operation;

/**
 * The operations that only read.
 */
final class ReadOperations {

	/**
	 * @return array<int, Operation>
	 */
	public static function all(): array {
		return array(
			new SiteFacts(),
			new TablesSchema(),
			new RowsRead(),
			new RowsRanges(),
			new RowsDigest(),
			new TablesChecksum(),
			new FilesIndex(),
			new FilesRead(),
			new FilesHash(),
			new SiteInventory(),
			new BaseRead(),
		);
	}
}
