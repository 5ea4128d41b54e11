<?php
/**
 * Plugin Name: Sample Shop
 * Description: A shop with tables of its own, for trying out copies of a site.
 * Version: 1.2.3
 * Requires PHP: 7.4
 */

declare(strict_types=1);

const SAMPLE_SHOP_ENDPOINT = '{{url}}/shop/notify';

add_shortcode(
	'sample_shop_orders',
	static function (): string {
		global $wpdb;
		$customers = $wpdb->get_col( "SELECT customer FROM {$wpdb->prefix}shop_orders ORDER BY id" );
		return '<ul class="sample-shop"><li>' . implode( '</li><li>', array_map( 'esc_html', $customers ) ) . '</li></ul>';
	}
);

// Counts each time it runs: on a clone it must not.
add_action(
	'sample_shop_renewals',
	static function (): void {
		update_option( 'sample_shop_renewals_run', 1 + (int) get_option( 'sample_shop_renewals_run', 0 ) );
		wp_mail( 'customer@example.com', 'Renewed', 'Your subscription was renewed.' );
	}
);

add_action(
	'wp_footer',
	static function (): void {
		$licence = defined( 'SAMPLE_SHOP_LICENCE' ) ? SAMPLE_SHOP_LICENCE : 'none';
		echo '<!-- sample-shop licence ' . esc_html( $licence ) . " -->\n";
	}
);
