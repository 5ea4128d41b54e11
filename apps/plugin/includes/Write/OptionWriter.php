<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Sets and deletes rows of an options table, values as they are.
 */
final class OptionWriter {

	/**
	 * @var Session
	 */
	private $session;

	public function __construct( Session $session ) {
		$this->session = $session;
	}

	/**
	 * @param string            $table   Final name of the options table.
	 * @param array<int, mixed> $options Each with `name` and `value`; null deletes. `autoload` of new ones is `yes` if not given.
	 * @throws AgentError Code `agent.invalid_arguments` and those of ServerError.
	 */
	public function write( string $table, array $options ): void {
		if ( $this->session->is_staging() && $this->session->tables()->is_merged( $table ) ) {
			throw AgentError::invalid_arguments( $table . ' is merged by this session; its rows come by rows.write' );
		}
		$quoted = Database::quote_identifier( $this->session->tables()->current( $table ) );
		foreach ( $options as $option ) {
			$value = is_array( $option ) ? ( $option['value'] ?? null ) : false;
			if ( ! is_string( $option['name'] ?? null ) || ( null !== $value && ! is_string( $value ) ) ) {
				throw AgentError::invalid_arguments( 'an option needs a name and a text or null' );
			}
			try {
				$this->write_one( $quoted, $option['name'], $value, (string) ( $option['autoload'] ?? 'yes' ) );
			} catch ( AgentError $error ) {
				throw ServerError::explain( $error, $table );
			}
		}
	}

	private function write_one( string $table, string $name, ?string $value, string $autoload ): void {
		$database = $this->session->database();
		$where    = ' WHERE option_name = ' . $database->quote( $name );
		if ( null === $value ) {
			$database->exec( "DELETE FROM {$table}{$where}" );
		} elseif ( null === $database->value( "SELECT 1 FROM {$table}{$where}" ) ) {
			$database->exec( "INSERT INTO {$table} (option_name, option_value, autoload) VALUES ({$database->quote( $name )}, {$database->quote( $value )}, {$database->quote( $autoload )})" );
		} else {
			$database->exec( "UPDATE {$table} SET option_value = {$database->quote( $value )}{$where}" );
		}
	}
}
