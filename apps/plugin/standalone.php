<?php
/**
 * The agent without WordPress: the entry of our own clones. Its configuration file is named by WCR_AGENT_CONFIG.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

namespace WpCloneRestore;

require_once __DIR__ . '/includes/autoload.php';

( static function (): void {
	$file = $_SERVER['WCR_AGENT_CONFIG'] ?? getenv( 'WCR_AGENT_CONFIG' );
	try {
		$environment = Agent\StandaloneEnvironment::from_file( is_string( $file ) ? $file : '' );
	} catch ( Agent\AgentError $error ) {
		http_response_code( 404 );
		return;
	}
	Agent\Dispatcher::serve( $environment );
} )();
