<?php
/**
 * Router for PHP's own web server: does for a WordPress what rewrite rules do elsewhere.
 */

declare(strict_types=1);

/**
 * Answers the request itself, or names the script that must.
 *
 * @return string|null Absolute path of the PHP file to run, null when the answer was given.
 */
function wcr_route_request(): ?string {
	$root   = rtrim( (string) getenv( 'WCR_SITE_ROOT' ), '/' );
	$prefix = (string) getenv( 'WCR_SITE_PREFIX' );
	$path   = rawurldecode( explode( '?', (string) $_SERVER['REQUEST_URI'], 2 )[0] );

	if ( (string) getenv( 'WCR_SITE_READY_PATH' ) === $path ) {
		http_response_code( 204 );
		return null;
	}
	if ( ! wcr_is_authorised() ) {
		header( 'WWW-Authenticate: Basic realm="Staging"', true, 401 );
		echo 'Authorization required';
		return null;
	}
	if ( $path === $prefix && '' !== $prefix ) {
		header( 'Location: ' . $prefix . '/', true, 301 );
		return null;
	}
	if ( 0 !== strpos( $path, $prefix . '/' ) || false !== strpos( $path, "\0" ) || preg_match( '~(^|/)\.\.(/|$)~', $path ) ) {
		http_response_code( 404 );
		echo 'Not found';
		return null;
	}
	return wcr_route_path( $root, $prefix, substr( $path, strlen( $prefix ) ) );
}

function wcr_is_authorised(): bool {
	$expected = (string) getenv( 'WCR_SITE_BASIC_AUTH' );
	if ( '' === $expected ) {
		return true;
	}
	return isset( $_SERVER['HTTP_AUTHORIZATION'] ) && hash_equals( 'Basic ' . base64_encode( $expected ), $_SERVER['HTTP_AUTHORIZATION'] );
}

function wcr_route_path( string $root, string $prefix, string $path ): ?string {
	$info = '';
	if ( preg_match( '~^(.+?\.php)(/.*)$~', $path, $match ) && is_file( $root . $match[1] ) ) {
		list( , $path, $info ) = $match;
	}
	$file = $root . $path;
	if ( is_dir( $file ) && '/' !== substr( $path, -1 ) ) {
		header( 'Location: ' . $prefix . $path . '/', true, 301 );
		return null;
	}
	if ( is_dir( $file ) && is_file( $file . 'index.php' ) ) {
		$path .= 'index.php';
	}
	$file = $root . $path;
	if ( is_file( $file ) && '.php' !== substr( $path, -4 ) ) {
		wcr_send_file( $file );
		return null;
	}
	if ( ! is_file( $file ) ) {
		$path = '/index.php';
	}
	if ( ! is_file( $root . $path ) ) {
		http_response_code( 404 );
		echo 'Not found';
		return null;
	}
	$_SERVER['DOCUMENT_ROOT']   = $root;
	$_SERVER['SCRIPT_FILENAME'] = $root . $path;
	$_SERVER['SCRIPT_NAME']     = $prefix . $path;
	$_SERVER['PHP_SELF']        = $prefix . $path . $info;
	unset( $_SERVER['PATH_INFO'] );
	if ( '' !== $info ) {
		$_SERVER['PATH_INFO'] = $info;
	}
	return $root . $path;
}

function wcr_send_file( string $file ): void {
	$types     = array(
		'css'   => 'text/css; charset=UTF-8',
		'html'  => 'text/html; charset=UTF-8',
		'txt'   => 'text/plain; charset=UTF-8',
		'js'    => 'text/javascript; charset=UTF-8',
		'json'  => 'application/json',
		'xml'   => 'application/xml',
		'svg'   => 'image/svg+xml',
		'png'   => 'image/png',
		'jpg'   => 'image/jpeg',
		'jpeg'  => 'image/jpeg',
		'gif'   => 'image/gif',
		'webp'  => 'image/webp',
		'ico'   => 'image/x-icon',
		'woff'  => 'font/woff',
		'woff2' => 'font/woff2',
		'pdf'   => 'application/pdf',
		'zip'   => 'application/zip',
	);
	$extension = strtolower( pathinfo( $file, PATHINFO_EXTENSION ) );
	header( 'Content-Type: ' . ( $types[ $extension ] ?? 'application/octet-stream' ) );
	header( 'Content-Length: ' . filesize( $file ) );
	header( 'Last-Modified: ' . gmdate( 'D, d M Y H:i:s', (int) filemtime( $file ) ) . ' GMT' );
	if ( 'HEAD' !== $_SERVER['REQUEST_METHOD'] ) {
		readfile( $file );
	}
}

$wcr_script = wcr_route_request();
if ( null !== $wcr_script ) {
	chdir( dirname( $wcr_script ) );
	require $wcr_script;
}
