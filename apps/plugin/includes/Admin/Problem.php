<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

use RuntimeException;

/**
 * Why a call of the page could not be answered, in the words of the service or our own.
 */
final class Problem extends RuntimeException {

	/**
	 * Stable dotted code: the service's, or `page.…` for what is found here.
	 *
	 * @var string
	 */
	private $problem;

	/**
	 * HTTP status for the browser.
	 *
	 * @var int
	 */
	private $status;

	/**
	 * What to do, in the service's words; may be empty.
	 *
	 * @var string
	 */
	private $hint;

	public function __construct( string $code, string $message, int $status = 400, string $hint = '' ) {
		parent::__construct( $message );
		$this->problem = $code;
		$this->status  = $status;
		$this->hint    = $hint;
	}

	public function problem(): string {
		return $this->problem;
	}

	public function status(): int {
		return $this->status;
	}

	/**
	 * @return array{code: string, message: string, hint: string}
	 */
	public function describe(): array {
		return Advice::explain(
			array(
				'code'    => $this->problem,
				'message' => $this->getMessage(),
				'hint'    => $this->hint,
			)
		);
	}
}
