<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use Generator;
use WpCloneRestore\Stream\Frame;
use WpCloneRestore\Stream\FrameReader;

/**
 * A verified request: the arguments, and the frames after them.
 */
final class Request {

	/**
	 * @var array<string, mixed>
	 */
	private $args;

	/**
	 * @var FrameReader
	 */
	private $reader;

	/**
	 * @var Environment
	 */
	private $environment;

	/**
	 * @var Budget
	 */
	private $budget;

	/**
	 * @param FrameReader $reader Positioned at the first frame.
	 * @throws AgentError Code `agent.malformed` when the first frame is no `Q` frame.
	 */
	public function __construct( FrameReader $reader, Environment $environment ) {
		$first = $reader->read();
		if ( null === $first || 'Q' !== $first->kind ) {
			throw AgentError::malformed( 'the first frame is not the arguments' );
		}
		$this->args        = $first->meta;
		$this->reader      = $reader;
		$this->environment = $environment;
		$this->budget      = Budget::from_args( $first->meta );
	}

	/**
	 * The operation's arguments.
	 *
	 * @return array<string, mixed>
	 */
	public function args(): array {
		return $this->args;
	}

	/**
	 * A text argument.
	 *
	 * @throws AgentError Code `agent.invalid_arguments` when it is missing or no text.
	 */
	public function text( string $name ): string {
		$value = $this->args[ $name ] ?? null;
		if ( ! is_string( $value ) ) {
			throw AgentError::invalid_arguments( $name . ' must be a text' );
		}
		return $value;
	}

	/**
	 * A list argument.
	 *
	 * @return array<int, mixed>
	 * @throws AgentError Code `agent.invalid_arguments` when it is missing or no list.
	 */
	public function items( string $name ): array {
		$value = $this->args[ $name ] ?? null;
		if ( ! is_array( $value ) ) {
			throw AgentError::invalid_arguments( $name . ' must be a list' );
		}
		return array_values( $value );
	}

	/**
	 * The frames after the arguments; they can be read once.
	 *
	 * @return Generator<Frame>
	 */
	public function frames(): Generator {
		return $this->reader->frames();
	}

	public function environment(): Environment {
		return $this->environment;
	}

	public function budget(): Budget {
		return $this->budget;
	}
}
