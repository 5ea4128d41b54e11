<?php
/**
 * Fills the WordPress in WCR_SITE_ROOT with the sample's content. Arguments as JSON on standard input.
 */

declare(strict_types=1);

require __DIR__ . '/site-bootstrap.php';
foreach ( array( 'media', 'posts', 'options' ) as $wcr_part ) {
	require __DIR__ . '/sample/' . $wcr_part . '.php';
}

$wcr_input = wcr_read_input();
wcr_pretend_request( $wcr_input['url'] );

require getenv( 'WCR_SITE_ROOT' ) . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';

add_filter( 'pre_wp_mail', '__return_false' );
add_filter( 'pre_http_request', '__return_empty_array' );
wp_set_current_user( 1 );
kses_remove_filters();
wp_defer_term_counting( true );

activate_plugin( 'sample-shop/sample-shop.php' );
switch_theme( 'sample-theme' );

$wcr_media = wcr_sample_media( $wcr_input['mediaCount'] );
wcr_sample_posts( $wcr_input['url'], $wcr_input['addresses'], $wcr_media );
wcr_sample_options( $wcr_input['url'], $wcr_input['addresses'], $wcr_media );

wp_defer_term_counting( false );
delete_option( 'rewrite_rules' );
flush_rewrite_rules( false );
