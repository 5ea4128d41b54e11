<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Support\Database;

/**
 * Makes an administrator in a site's user tables, once; other users stay as they are.
 */
final class AdminWriter {

	public const MARKER_KEY = 'wcr_clone_admin';

	/**
	 * @var Session
	 */
	private $session;

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * Quoted name of the users table.
	 *
	 * @var string
	 */
	private $users;

	/**
	 * Quoted name of the table of users' metadata.
	 *
	 * @var string
	 */
	private $meta;

	public function __construct( Session $session ) {
		$this->session  = $session;
		$this->database = $session->database();
		$this->users    = Database::quote_identifier( $session->tables()->current( $session->prefix() . 'users' ) );
		$this->meta     = Database::quote_identifier( $session->tables()->current( $session->prefix() . 'usermeta' ) );
	}

	/**
	 * The account's user id, made or brought up to date.
	 *
	 * @throws AgentError Code `agent.invalid_arguments` when the login belongs to somebody else, and those of ServerError.
	 */
	public function ensure( AdminAccount $account ): int {
		if ( '' === $account->login || strlen( $account->login ) > 60 || '' === $account->password_hash || '' === $account->marker ) {
			throw AgentError::invalid_arguments( 'an administrator needs a login of at most 60 characters, a password hash and a marker' );
		}
		try {
			$this->database->begin();
			$id = $this->find( $account ) ?? $this->insert( $account );
			$this->database->exec( "UPDATE {$this->users} SET user_pass = {$this->quote( $account->password_hash )}, user_email = {$this->quote( $account->email )} WHERE ID = {$id}" );
			foreach ( $this->metadata( $account ) as $key => $value ) {
				$this->set_meta( $id, $key, $value );
			}
			$this->database->commit();
		} catch ( AgentError $error ) {
			$this->database->rollback();
			throw ServerError::explain( $error, 'users' );
		}
		return $id;
	}

	/** Found by its marker, or, when tables without transactions kept half of it, by everything else that is ours. */
	private function find( AdminAccount $account ): ?int {
		$id = $this->database->value( "SELECT user_id FROM {$this->meta} WHERE meta_key = '" . self::MARKER_KEY . "' AND meta_value = {$this->quote( $account->marker )}" );
		if ( null !== $id ) {
			return (int) $id;
		}
		$rows = $this->database->select( "SELECT ID, user_pass, user_email FROM {$this->users} WHERE user_login = {$this->quote( $account->login )}" );
		if ( ! $rows ) {
			return null;
		}
		if ( $rows[0]['user_pass'] !== $account->password_hash || $rows[0]['user_email'] !== $account->email ) {
			throw AgentError::invalid_arguments( 'the login ' . $account->login . ' belongs to somebody else' );
		}
		return (int) $rows[0]['ID'];
	}

	private function insert( AdminAccount $account ): int {
		$login = $this->quote( $account->login );
		$this->database->exec(
			"INSERT INTO {$this->users} (user_login, user_pass, user_nicename, user_email, user_url, user_registered, user_activation_key, user_status, display_name)
			VALUES ({$login}, {$this->quote( $account->password_hash )}, {$this->quote( self::slug( $account->login ) )}, {$this->quote( $account->email )}, '', UTC_TIMESTAMP(), '', 0, {$login})"
		);
		return (int) $this->database->value( 'SELECT LAST_INSERT_ID()' );
	}

	/**
	 * The marker comes last: whoever has it is complete.
	 *
	 * @return array<string, string>
	 */
	private function metadata( AdminAccount $account ): array {
		return array(
			$this->session->prefix() . 'capabilities' => 'a:1:{s:13:"administrator";b:1;}',
			$this->session->prefix() . 'user_level'   => '10',
			self::MARKER_KEY                          => $account->marker,
		);
	}

	private function set_meta( int $id, string $key, string $value ): void {
		$where = "user_id = {$id} AND meta_key = {$this->quote( $key )}";
		if ( null === $this->database->value( "SELECT 1 FROM {$this->meta} WHERE {$where} LIMIT 1" ) ) {
			$this->database->exec( "INSERT INTO {$this->meta} (user_id, meta_key, meta_value) VALUES ({$id}, {$this->quote( $key )}, {$this->quote( $value )})" );
		} else {
			$this->database->exec( "UPDATE {$this->meta} SET meta_value = {$this->quote( $value )} WHERE {$where}" );
		}
	}

	private function quote( string $text ): string {
		return $this->database->quote( $text );
	}

	private static function slug( string $login ): string {
		return substr( trim( (string) preg_replace( '/[^a-z0-9_-]+/', '-', strtolower( $login ) ), '-' ), 0, 50 );
	}
}
