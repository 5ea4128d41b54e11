<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Support\Database;
use WpCloneRestore\Support\DatabaseAddress;
use WpCloneRestore\Support\WorkFolder;

/**
 * A site without WordPress around the agent: everything comes from a configuration file.
 */
final class StandaloneEnvironment implements Environment {

	/**
	 * @var array<string, mixed>
	 */
	private $config;

	/**
	 * @var Database|null
	 */
	private $database;

	/**
	 * @param array<string, mixed> $config See `from_file()`.
	 * @throws AgentError Code `agent.failed` when something is missing.
	 */
	public function __construct( array $config ) {
		foreach ( array( 'pairing_key', 'root', 'work', 'url' ) as $name ) {
			if ( ! isset( $config[ $name ] ) || ! is_string( $config[ $name ] ) || '' === $config[ $name ] ) {
				throw AgentError::failed( 'the configuration has no ' . $name );
			}
		}
		if ( ! isset( $config['db'] ) || ! is_array( $config['db'] ) ) {
			throw AgentError::failed( 'the configuration has no db' );
		}
		$this->config = $config;
	}

	/**
	 * Reads a configuration: a PHP file that returns `pairing_key`, `root` (the site's folder), `work` (the agent's folder),
	 * `url` and `db` (`host`, `user`, `password`, `name`, `prefix`).
	 *
	 * @throws AgentError Code `agent.failed` when it cannot be used.
	 */
	public static function from_file( string $file ): self {
		$config = '' !== $file && is_file( $file ) ? require $file : null;
		if ( ! is_array( $config ) ) {
			throw AgentError::failed( 'the agent is not configured' );
		}
		return new self( $config );
	}

	public function database(): Database {
		if ( null === $this->database ) {
			$db             = $this->config['db'];
			$this->database = new Database(
				new DatabaseAddress( (string) $db['host'], (string) $db['user'], (string) $db['password'], (string) $db['name'], (int) ( $db['flags'] ?? 0 ) )
			);
		}
		return $this->database;
	}

	public function prefix(): string {
		return (string) ( $this->config['db']['prefix'] ?? 'wp_' );
	}

	public function root(): string {
		return rtrim( $this->config['root'], '/' ) . '/';
	}

	public function content_dir(): string {
		return $this->root() . 'wp-content/';
	}

	public function plugins_dir(): string {
		return $this->content_dir() . 'plugins/';
	}

	public function mu_plugins_dir(): string {
		return $this->content_dir() . 'mu-plugins/';
	}

	public function uploads_dir(): string {
		return $this->content_dir() . 'uploads/';
	}

	public function work_dir(): string {
		return WorkFolder::ensure( $this->work_path() );
	}

	public function work_path(): string {
		return rtrim( $this->config['work'], '/' ) . '/';
	}

	public function is_standalone(): bool {
		return true;
	}

	public function home_url(): string {
		return rtrim( $this->config['url'], '/' );
	}

	public function keys(): PairingKeys {
		return new PairingKeys( $this->config['pairing_key'] );
	}
}
