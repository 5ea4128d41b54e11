<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use RuntimeException;
use Throwable;

/**
 * A failure with a stable code of the project's error catalogue; becomes an `X` frame.
 */
final class AgentError extends RuntimeException {

	/**
	 * E.g. `agent.malformed`.
	 *
	 * @var string
	 */
	private $error_code;

	/**
	 * Whether the same call may succeed later.
	 *
	 * @var bool
	 */
	private $retryable;

	/**
	 * Facts for reports, never a secret.
	 *
	 * @var array<string, mixed>
	 */
	private $detail;

	/**
	 * @param array<string, mixed> $detail Facts for reports, never a secret.
	 */
	public function __construct( string $error_code, string $message, bool $retryable = false, array $detail = array(), ?Throwable $previous = null ) {
		parent::__construct( $message, 0, $previous );
		$this->error_code = $error_code;
		$this->retryable  = $retryable;
		$this->detail     = $detail;
	}

	/** The message's bytes make no sense. */
	public static function malformed( string $reason ): self {
		return new self( 'agent.malformed', $reason, true );
	}

	/** The operation's arguments make no sense. */
	public static function invalid_arguments( string $reason ): self {
		return new self( 'agent.invalid_arguments', $reason );
	}

	/** A path leaves the site or cannot be expressed. */
	public static function path_refused( string $path ): self {
		return new self( 'agent.path_refused', 'The path is refused.', false, array( 'path' => $path ) );
	}

	/**
	 * Something failed that another attempt may cure.
	 *
	 * @param array<string, mixed> $detail Facts.
	 */
	public static function failed( string $reason, array $detail = array() ): self {
		return new self( 'agent.failed', $reason, true, $detail );
	}

	public function error_code(): string {
		return $this->error_code;
	}

	public function is_retryable(): bool {
		return $this->retryable;
	}

	/**
	 * @return array<string, mixed>
	 */
	public function detail(): array {
		return $this->detail;
	}

	/**
	 * The description of the `X` frame.
	 *
	 * @return array<string, mixed>
	 */
	public function to_meta(): array {
		$meta = array(
			'code'      => $this->error_code,
			'message'   => $this->getMessage(),
			'retryable' => $this->retryable,
		);
		if ( $this->detail ) {
			$meta['detail'] = $this->detail;
		}
		return $meta;
	}
}
