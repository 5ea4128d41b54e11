<?php
/**
 * A firewall as security plugins install it, before WordPress: it takes the agent for an attack while a file of the site says so.
 */

declare(strict_types=1);

if ( isset( $_SERVER['HTTP_X_WCR_OPERATION'] ) && is_file( ABSPATH . 'wp-content/firewall-is-up' ) ) {
	http_response_code( 403 );
	exit( 'Blocked by a firewall' );
}
