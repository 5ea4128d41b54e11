<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * What a session must remember across crashes: a small JSON file that is always either the former or the new one.
 */
final class Journal {

	/**
	 * @var string
	 */
	private $file;

	/**
	 * @var array<string, mixed>
	 */
	private $data = array();

	/**
	 * @param string $file Where the journal lives; its folder exists.
	 */
	public function __construct( string $file ) {
		$this->file = $file;
		$this->load();
	}

	/** Whether there is a journal on disk. */
	public function exists(): bool {
		return array() !== $this->data;
	}

	/**
	 * @param mixed $otherwise Value of a member that was never set.
	 * @return mixed
	 */
	public function get( string $name, $otherwise = null ) {
		return $this->data[ $name ] ?? $otherwise;
	}

	/**
	 * Changes members and makes the change durable before it returns. Others may have written meanwhile; theirs is kept.
	 *
	 * @param callable(array<string, mixed>): array<string, mixed> $change Gets all members, returns those to set.
	 * @throws AgentError Code `target.disk_full` or `target.not_writable`.
	 */
	public function update( callable $change ): void {
		$lock = fopen( $this->file . '.lock', 'cb' );
		if ( false === $lock || ! flock( $lock, LOCK_EX ) ) {
			throw DiskError::not_writable( $this->file );
		}
		try {
			$this->load();
			$this->data = array_merge( $this->data, $change( $this->data ) );
			DurableFile::write( $this->file, self::json( $this->data ) );
		} finally {
			fclose( $lock );
		}
	}

	/**
	 * Sets members; see `update()`.
	 *
	 * @param array<string, mixed> $members Members.
	 */
	public function set( array $members ): void {
		$this->update(
			static function () use ( $members ): array {
				return $members;
			}
		);
	}

	/**
	 * @param array<string, mixed> $data Members.
	 */
	private static function json( array $data ): string {
		$json = json_encode( $data );
		if ( false === $json ) {
			throw AgentError::invalid_arguments( 'the journal takes UTF-8 only: ' . json_last_error_msg() );
		}
		return $json;
	}

	/** Reads what is on disk now. */
	public function load(): void {
		$json       = is_file( $this->file ) ? (string) file_get_contents( $this->file ) : '';
		$data       = json_decode( $json, true );
		$this->data = is_array( $data ) ? $data : array();
	}
}
