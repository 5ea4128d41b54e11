<?php
/**
 * Installs WordPress in the folder WCR_SITE_ROOT, whose wp-config.php exists. Arguments as JSON on standard input.
 */

declare(strict_types=1);

require __DIR__ . '/site-bootstrap.php';

$wcr_input = wcr_read_input();
wcr_pretend_request( $wcr_input['url'] );
define( 'WP_INSTALLING', true );
define( 'WP_SITEURL', $wcr_input['url'] );

/** Instead of WordPress's own, which would try to send an e-mail. */
function wp_new_blog_notification(): void {
}

require getenv( 'WCR_SITE_ROOT' ) . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

// The installer asks the site for its own permalinks; nobody answers yet.
add_filter(
	'pre_http_request',
	static function () {
		return new WP_Error( 'offline', 'No requests while installing.' );
	}
);

$wcr_admin = $wcr_input['admin'];
wp_install( $wcr_input['title'], $wcr_admin['username'], $wcr_admin['email'], true, '', wp_slash( $wcr_admin['password'] ) );

$wp_rewrite->set_permalink_structure( $wcr_input['permalinks'] ? '/%year%/%monthnum%/%postname%/' : '' );
delete_option( 'rewrite_rules' );

$wcr_theme = wp_get_theme();
if ( ! $wcr_theme->exists() ) {
	$wcr_themes = array_keys( wp_get_themes() );
	switch_theme( $wcr_themes[0] );
}
if ( ! is_blog_installed() || get_option( 'siteurl' ) !== $wcr_input['url'] ) {
	fwrite( STDERR, 'WordPress is not installed as it should be: ' . $wpdb->last_error . "\n" );
	exit( 1 );
}
