<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Support\Database;

/**
 * What the server changed silently while it stored rows, one line per table and kind of change.
 */
final class LoadWarnings {

	/**
	 * @var array<string, string>
	 */
	private $lines = array();

	/** Takes over the warnings of the last statement. */
	public function collect( Database $database, string $table ): void {
		if ( 0 === $database->connection()->warning_count ) {
			return;
		}
		foreach ( $database->select( 'SHOW WARNINGS' ) as $warning ) {
			if ( 'Note' === $warning['Level'] ) {
				continue;
			}
			// The row number differs each time, and one line per column tells enough; the value itself stays out of logs.
			$message = preg_replace( array( '/ at row \d+.*$/s', "/(value|string value)?:? '.*?' for column/s" ), array( '', '$1 for column' ), (string) $warning['Message'] );
			$line    = "{$table}: {$message} ({$warning['Code']})";

			$this->lines[ $line ] = $line;
		}
	}

	/**
	 * @return array<int, string>
	 */
	public function lines(): array {
		return array_values( $this->lines );
	}
}
