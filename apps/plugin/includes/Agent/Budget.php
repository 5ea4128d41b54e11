<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

/**
 * How long and how much one slice may take.
 */
final class Budget {

	public const DEFAULT_MS    = 8000;
	public const DEFAULT_BYTES = 8388608;
	private const MAX_MS       = 60000;
	private const MAX_BYTES    = 67108864;

	/**
	 * When to stop, in seconds since 1970.
	 *
	 * @var float
	 */
	private $deadline;

	/**
	 * Bytes that are left.
	 *
	 * @var int
	 */
	private $bytes;

	/**
	 * @param float|null $started When the request came in, in seconds since 1970; now by default.
	 */
	public function __construct( int $milliseconds, int $bytes, ?float $started = null ) {
		$this->deadline = ( $started ?? microtime( true ) ) + $milliseconds / 1000;
		$this->bytes    = $bytes;
	}

	/**
	 * The budget the worker asks for, cut to half of what the host allows a request.
	 *
	 * @param array<string, mixed> $args `budgetMs` and `budgetBytes` of the arguments.
	 */
	public static function from_args( array $args ): self {
		$milliseconds = min( self::MAX_MS, self::number( $args['budgetMs'] ?? null, self::DEFAULT_MS ) );
		$bytes        = self::number( $args['budgetBytes'] ?? null, self::DEFAULT_BYTES );
		$limit        = (int) ini_get( 'max_execution_time' );
		if ( $limit > 0 ) {
			$milliseconds = min( $milliseconds, $limit * 500 );
		}
		$started = $_SERVER['REQUEST_TIME_FLOAT'] ?? null;
		return new self( $milliseconds, min( $bytes, self::MAX_BYTES ), is_float( $started ) && 'cli' !== PHP_SAPI ? $started : null );
	}

	/** Counts bytes as used. */
	public function spend( int $bytes ): void {
		$this->bytes -= $bytes;
	}

	/** Bytes that are left, never below zero. */
	public function bytes_left(): int {
		return max( 0, $this->bytes );
	}

	/** Seconds that are left, never below zero. */
	public function seconds_left(): float {
		return max( 0.0, $this->deadline - microtime( true ) );
	}

	/** True when the slice must end as soon as it has made some progress. */
	public function should_stop(): bool {
		return $this->bytes <= 0 || microtime( true ) >= $this->deadline;
	}

	/**
	 * @param mixed $value Argument.
	 */
	private static function number( $value, int $otherwise ): int {
		// Beyond this a number is no integer any more.
		return is_numeric( $value ) && $value > 0 ? (int) min( (float) $value, 2 ** 50 ) : $otherwise;
	}
}
