<?php
/**
 * Compiles the PHP files named as arguments, and runs none of them: what `php -l` does for one file, in one process.
 *
 * Ends with PHP's own message and a status other than 0 at the first file that is no valid PHP.
 */

declare(strict_types=1);

foreach ( array_slice( $argv, 1 ) as $file ) {
	if ( function_exists( 'opcache_compile_file' ) ) {
		$valid = opcache_compile_file( $file );
	} else {
		exec( escapeshellarg( PHP_BINARY ) . ' -n -l ' . escapeshellarg( $file ) . ' 2>&1', $lines, $status );
		$valid = 0 === $status;
		fwrite( STDERR, $valid ? '' : implode( "\n", $lines ) . "\n" );
	}
	if ( ! $valid ) {
		exit( 1 );
	}
}
