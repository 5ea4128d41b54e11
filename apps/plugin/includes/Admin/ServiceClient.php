<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * Calls the service over HTTP; the one place of the plugin that calls anybody. The address was typed by an administrator, who may
 * mean a service in the local network: so it is not held to public addresses, as `wp_safe_remote_request` would. Redirects
 * are not followed, for they would take the key elsewhere.
 */
final class ServiceClient implements Service {

	private const TIMEOUT_SECONDS = 15;
	private const LIMIT_BYTES     = 8388608;

	/**
	 * @var Connection
	 */
	private $connection;

	public function __construct( Connection $connection ) {
		$this->connection = $connection;
	}

	public function call( string $method, string $path, ?array $body = null, string $request = '' ): array {
		$headers = array(
			'Authorization' => 'Bearer ' . $this->connection->key(),
			'Accept'        => 'application/json',
		);
		if ( null !== $body ) {
			$headers['Content-Type'] = 'application/json';
		}
		if ( '' !== $request ) {
			$headers['Idempotency-Key'] = $request;
		}
		$answer = wp_remote_request(
			$this->connection->url() . $path,
			array(
				'method'              => $method,
				'headers'             => $headers,
				'body'                => null === $body ? null : (string) wp_json_encode( $body ),
				'timeout'             => self::TIMEOUT_SECONDS,
				'redirection'         => 0,
				'limit_response_size' => self::LIMIT_BYTES,
			)
		);
		if ( is_wp_error( $answer ) ) {
			throw self::away( $answer->get_error_code(), $answer->get_error_message() );
		}
		return self::read( (int) wp_remote_retrieve_response_code( $answer ), (string) wp_remote_retrieve_body( $answer ) );
	}

	/**
	 * @return array<string, mixed>
	 */
	private static function read( int $status, string $text ): array {
		$json = json_decode( $text, true );
		if ( ! is_array( $json ) ) {
			/* translators: %d: HTTP status such as 404. */
			throw new Problem( 'page.service_unknown', sprintf( __( 'What answers at this address is not a clone service (HTTP %d).', 'wp-clone-restore' ), $status ), 502, __( 'Check the address: it is that of the service’s API, without /api at its end.', 'wp-clone-restore' ) );
		}
		if ( $status < 200 || $status > 299 ) {
			$error   = is_array( $json['error'] ?? null ) ? $json['error'] : array();
			$code    = is_string( $error['code'] ?? null ) ? $error['code'] : 'page.service_unknown';
			$message = is_string( $error['message'] ?? null ) ? $error['message'] : '';
			/* translators: %d: HTTP status such as 500. */
			$message = '' === $message ? sprintf( __( 'The service answered with HTTP %d.', 'wp-clone-restore' ), $status ) : $message;
			throw new Problem( $code, $message, $status >= 400 ? $status : 502, is_string( $error['hint'] ?? null ) ? $error['hint'] : '' );
		}
		return $json;
	}

	/**
	 * @param int|string $code Code of the WP_Error.
	 */
	private static function away( $code, string $reason ): Problem {
		if ( 'http_request_not_executed' === $code ) {
			return new Problem( 'page.service_blocked', __( 'This WordPress may not call other hosts (WP_HTTP_BLOCK_EXTERNAL).', 'wp-clone-restore' ), 502, __( 'Add the host of the service to WP_ACCESSIBLE_HOSTS in wp-config.php.', 'wp-clone-restore' ) );
		}
		/* translators: %s: reason, in English, such as "Connection refused". */
		return new Problem( 'page.service_away', sprintf( __( 'The clone service does not answer: %s', 'wp-clone-restore' ), $reason ), 502, __( 'Check the address, and that this server may reach it. Clones and running work are not touched; try again in a moment.', 'wp-clone-restore' ) );
	}
}
