<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Read\ReadOperations;
use WpCloneRestore\Write\WriteOperations;

/**
 * The operations by name.
 */
final class OperationRegistry {

	/**
	 * @var array<string, Operation>
	 */
	private $operations = array();

	/**
	 * @param array<int, Operation> $operations Operations.
	 */
	public function __construct( array $operations ) {
		foreach ( $operations as $operation ) {
			$this->operations[ $operation->name() ] = $operation;
		}
	}

	/** Everything this agent can do. */
	public static function complete(): self {
		$write = class_exists( WriteOperations::class ) ? WriteOperations::all() : array();
		return new self( array_merge( ReadOperations::all(), $write ) );
	}

	/**
	 * Names of all operations.
	 *
	 * @return array<int, string>
	 */
	public function names(): array {
		return array_keys( $this->operations );
	}

	/**
	 * @throws AgentError Code `agent.unknown_operation`.
	 */
	public function find( string $name ): Operation {
		if ( ! isset( $this->operations[ $name ] ) ) {
			throw new AgentError( 'agent.unknown_operation', 'There is no such operation.', false, array( 'operation' => $name ) );
		}
		return $this->operations[ $name ];
	}
}
