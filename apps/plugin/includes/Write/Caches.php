<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

/**
 * Makes PHP and WordPress forget what they remember of files and options.
 */
final class Caches {

	/**
	 * @return array<int, string> What was emptied.
	 */
	public static function reset(): array {
		$reset = array( 'stat' );
		clearstatcache( true );
		if ( function_exists( 'opcache_reset' ) && @opcache_reset() ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors -- hosts restrict it.
			$reset[] = 'opcache';
		}
		if ( function_exists( 'wp_cache_flush' ) && wp_cache_flush() ) {
			$reset[] = 'object';
		}
		return $reset;
	}
}
