<?php
/**
 * What every script that loads a site's WordPress from the command line needs.
 */

declare(strict_types=1);

/** The script's arguments. */
function wcr_read_input(): array {
	return json_decode( (string) stream_get_contents( STDIN ), true, 64, JSON_THROW_ON_ERROR );
}

/** Makes WordPress believe that it answers a request for the site's front page. */
function wcr_pretend_request( string $url ): void {
	$parts  = parse_url( $url );
	$prefix = $parts['path'] ?? '';

	$_SERVER['HTTP_HOST']       = $parts['host'] . ( isset( $parts['port'] ) ? ':' . $parts['port'] : '' );
	$_SERVER['SERVER_NAME']     = $parts['host'];
	$_SERVER['SERVER_PORT']     = (string) ( $parts['port'] ?? 80 );
	$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
	$_SERVER['REQUEST_METHOD']  = 'GET';
	$_SERVER['REMOTE_ADDR']     = '127.0.0.1';
	$_SERVER['REQUEST_URI']     = $prefix . '/';
	$_SERVER['SCRIPT_NAME']     = $prefix . '/index.php';
	$_SERVER['PHP_SELF']        = $prefix . '/index.php';
	if ( 'https' === $parts['scheme'] ) {
		$_SERVER['HTTPS'] = 'on';
	}
}
