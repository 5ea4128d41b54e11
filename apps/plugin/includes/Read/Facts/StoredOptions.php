<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Facts;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Environment;

/**
 * Options as they are in the database: plugins change what WordPress itself says of them, and there may be no WordPress.
 */
final class StoredOptions {

	/**
	 * @param array<int, string> $names Names of options.
	 * @return array<string, string> Values by name; empty when there are no tables yet.
	 */
	public static function read( Environment $environment, array $names ): array {
		$database = $environment->database();
		try {
			$rows = $database->select(
				'SELECT option_name, option_value FROM ' . $database->identifier( $environment->prefix() . 'options' )
				. ' WHERE option_name IN (' . implode( ', ', array_map( array( $database, 'quote' ), $names ) ) . ')'
			);
		} catch ( AgentError $error ) {
			return array();
		}
		$options = array();
		foreach ( $rows as $row ) {
			$options[ (string) $row['option_name'] ] = (string) $row['option_value'];
		}
		return $options;
	}
}
