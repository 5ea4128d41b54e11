<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use Throwable;
use WpCloneRestore\Stream\FrameWriter;

/**
 * Answers one call: verify, find the operation, run it, and turn whatever goes wrong into an `X` frame.
 */
final class Dispatcher {

	/**
	 * @var Environment
	 */
	private $environment;

	/**
	 * @var OperationRegistry
	 */
	private $operations;

	public function __construct( Environment $environment, OperationRegistry $operations ) {
		$this->environment = $environment;
		$this->operations  = $operations;
	}

	/**
	 * Answers the current HTTP request as the only thing this process does; the caller must exit afterwards.
	 */
	public static function serve( Environment $environment ): void {
		$response = new HttpResponse();
		$response->prepare();
		$out = new FrameWriter();
		$response->report_fatal_errors_to( $out );
		$dispatcher = new self( $environment, OperationRegistry::complete() );
		$dispatcher->answer( HttpCall::from_globals(), $out, time(), array( $response, 'send_headers' ) );
		$response->finish();
	}

	/**
	 * Answers a call.
	 *
	 * @param int      $now     Unix seconds.
	 * @param callable $send_headers Called with the HTTP status before the first byte.
	 */
	public function answer( HttpCall $call, FrameWriter $out, int $now, callable $send_headers ): void {
		$verified = false;
		try {
			( new SignatureVerifier( $this->environment->keys(), $now ) )->verify( $call );
			$verified  = true;
			$operation = $this->operations->find( $call->operation() );
			if ( $operation->mutates() ) {
				$nonces = new NonceStore( $this->environment->work_dir() );
				$nonces->take( $call->header( 'nonce' ), (int) $call->header( 'time' ), $now );
			}
			$request = new Request( $call->frames(), $this->environment );
			$send_headers( 200 );
			$operation->handle( $request, $out );
			$out->end();
		} catch ( AgentError $error ) {
			$send_headers( $verified || 'agent.too_large' === $error->error_code() ? 200 : 401 );
			$out->write( 'X', $error->to_meta() );
		} catch ( Throwable $error ) {
			$send_headers( 200 );
			$out->write( 'X', self::unexpected( $error, $verified )->to_meta() );
		}
		$out->flush();
	}

	/**
	 * Strangers learn nothing about an error of ours; the worker learns what and where.
	 */
	private static function unexpected( Throwable $error, bool $verified ): AgentError {
		$where = basename( $error->getFile() ) . ':' . $error->getLine();
		return AgentError::failed( $verified ? get_class( $error ) . ' at ' . $where . ': ' . $error->getMessage() : 'an error of its own' );
	}
}
