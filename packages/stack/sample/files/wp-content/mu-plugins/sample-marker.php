<?php
/**
 * Plugin Name: Sample marker
 * Description: Tells in the footer what was loaded.
 */

declare(strict_types=1);

add_action(
	'wp_footer',
	static function (): void {
		echo "<!-- sample-mu-plugin loaded -->\n";
		foreach ( array( 'SAMPLE_ADVANCED_CACHE_LOADED', 'SAMPLE_OBJECT_CACHE_LOADED' ) as $sample_constant ) {
			if ( defined( $sample_constant ) ) {
				echo '<!-- drop-in ' . esc_html( $sample_constant ) . " -->\n";
			}
		}
	}
);
