<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Support;

use WpCloneRestore\Admin\Problem;
use WpCloneRestore\Admin\Service;

/**
 * Remembers what it was asked and answers what it was told to.
 */
final class RecordingService implements Service {

	/**
	 * Calls as `[ method, path, body, request ]`.
	 *
	 * @var array<int, array{0: string, 1: string, 2: array<string, mixed>|null, 3: string}>
	 */
	public $calls = array();

	/**
	 * By `METHOD path`, without the query.
	 *
	 * @var array<string, array<string, mixed>|Problem>
	 */
	private $answers;

	/**
	 * @param array<string, array<string, mixed>|Problem> $answers By `METHOD path`, without the query.
	 */
	public function __construct( array $answers = array() ) {
		$this->answers = $answers;
	}

	public function call( string $method, string $path, ?array $body = null, string $request = '' ): array {
		$this->calls[] = array( $method, $path, $body, $request );
		$answer        = $this->answers[ $method . ' ' . explode( '?', $path )[0] ] ?? array();
		if ( $answer instanceof Problem ) {
			throw $answer;
		}
		return $answer;
	}
}
