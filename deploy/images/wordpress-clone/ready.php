<?php
/**
 * Readiness: 200 when the agent has its configuration, its folders and its database; otherwise 503 and what is missing.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

namespace WpCloneRestore;

require_once __DIR__ . '/../agent/includes/autoload.php';

( static function (): void {
	header( 'Content-Type: text/plain; charset=utf-8' );
	header( 'Cache-Control: no-store' );
	// Empty as long as a warm target has not begun to serve its clone.
	header( 'X-WCR-Clone: ' . ( $_SERVER['WCR_CLONE_ID'] ?? '' ) );
	$file = $_SERVER['WCR_AGENT_CONFIG'] ?? '';
	try {
		// A probe does not wait as long as a clone would.
		ini_set( 'default_socket_timeout', '3' );
		$environment = Agent\StandaloneEnvironment::from_file( is_string( $file ) ? $file : '' );
		$environment->work_dir();
		if ( ! is_writable( $environment->root() ) ) {
			throw Agent\AgentError::failed( 'the site’s folder cannot be written' );
		}
		$environment->database();
		echo "ready\n";
	} catch ( Agent\AgentError $error ) {
		http_response_code( 503 );
		echo 'not ready: ', $error->getMessage(), "\n";
	}
} )();
