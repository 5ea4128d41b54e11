<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

/**
 * Lets a request that must not stop in the middle run to its end, as far as the host lets it.
 */
final class Patience {

	public static function unlimited(): void {
		ignore_user_abort( true );
		if ( function_exists( 'set_time_limit' ) ) {
			@set_time_limit( 0 ); // phpcs:ignore WordPress.PHP.NoSilencedErrors -- some hosts forbid it.
		}
	}
}
