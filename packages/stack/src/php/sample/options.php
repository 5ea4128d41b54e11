<?php
/**
 * Options of the sample: serialized values, JSON, both in each other, widgets, cron.
 */

declare(strict_types=1);

/**
 * @param string                  $url       Address of the site.
 * @param array<string, string[]> $addresses See wcr_sample_posts().
 * @param int[]                   $media     Attachments.
 */
function wcr_sample_options( string $url, array $addresses, array $media ): void {
	update_option( 'blogdescription', 'Größe, 日本語 & 🙂' );
	update_option( 'sample_nested', array( 'one' => array( 'two' => array( 'three' => array( 'link' => $url . '/größe/', 'note' => 'Größe 日本語 🙂', 'count' => 3, 'ratio' => 0.1, 'on' => true, 'none' => null ) ) ) ) );
	update_option( 'sample_serialized_in_json', wp_json_encode( array( 'payload' => serialize( array( 'link' => $url . '/ü/' ) ) ) ) );
	update_option( 'sample_json_in_serialized', array( 'json' => wp_json_encode( array( 'link' => $url . '/', 'empty' => new stdClass() ) ) ) );
	update_option( 'sample_serialized_twice', serialize( array( 'inner' => serialize( array( $url ) ) ) ) );
	update_option( 'sample_addresses', $addresses );
	update_option( 'sample_upload_path', array( 'dir' => WP_CONTENT_DIR . '/uploads/2024', 'root' => ABSPATH ) );
	update_option( $url . '/as-a-name', 'An option whose name is an address' );
	set_theme_mod( 'sample_header', (object) array( 'attachment_id' => $media[0], 'url' => wp_get_attachment_image_url( $media[0], 'full' ), 'width' => 960 ) );
	set_transient( 'sample_transient', array( 'home' => $url ), DAY_IN_SECONDS );
	wcr_sample_raw_options( $url );
	wcr_sample_widgets( $url, $media );
	wp_schedule_event( time() - HOUR_IN_SECONDS, 'hourly', 'sample_shop_renewals', array( $url ) );
	wp_schedule_event( time() - MINUTE_IN_SECONDS, 'hourly', 'action_scheduler_run_queue', array( 'WP Cron' ) );
}

/** Values that WordPress would not write itself, byte for byte as plugins left them. */
function wcr_sample_raw_options( string $url ): void {
	global $wpdb;
	$shared  = array( 'link' => $url . '/shared/' );
	$linked  = array( 'first' => &$shared, 'second' => &$shared, 'third' => $url );
	$object  = (object) array( 'link' => $url );
	$length  = strlen( $url );
	$private = "\0Sample_Gone\0secret";
	$member  = "\0*\0guarded";
	$custom  = "x:i:0;a:1:{i:0;s:{$length}:\"{$url}\";};m:a:0:{}";
	$values  = array(
		'sample_references' => serialize( $linked ),
		'sample_same_twice' => serialize( array( $object, $object ) ),
		'sample_gone_class' => 'O:11:"Sample_Gone":2:{s:' . strlen( $private ) . ':"' . $private . "\";s:{$length}:\"{$url}\";s:" . strlen( $member ) . ':"' . $member . '";a:1:{i:0;b:1;}}',
		'sample_custom'     => 'C:11:"ArrayObject":' . strlen( $custom ) . ':{' . $custom . '}',
		'sample_broken'     => "a:1:{s:4:\"link\";s:999:\"{$url}/broken/\";}",
		'sample_urlencoded' => 'return=' . rawurlencode( $url . '/' ) . '&again=' . strtolower( rawurlencode( $url . '/' ) ),
		'sample_shop_home'  => strtoupper( 'http' ) . substr( $url, (int) strpos( $url, ':' ) ) . '/',
	);
	foreach ( $values as $name => $value ) {
		// Past wpdb, which would look at the bytes.
		$statement = mysqli_prepare( $wpdb->dbh, "INSERT INTO {$wpdb->prefix}options (option_name, option_value, autoload) VALUES (?, ?, 'no')" );
		mysqli_stmt_bind_param( $statement, 'ss', $name, $value );
		mysqli_stmt_execute( $statement );
	}
}

/** @param int[] $media Attachments. */
function wcr_sample_widgets( string $url, array $media ): void {
	update_option( 'widget_text', array( 2 => array( 'title' => 'Größe', 'text' => '<a class="sample-widget" href="' . $url . '/widget/">Widget</a>', 'filter' => true, 'visual' => true ), '_multiwidget' => 1 ) );
	update_option( 'widget_media_image', array( 3 => array( 'attachment_id' => $media[0], 'url' => wp_get_attachment_image_url( $media[0], 'medium' ), 'size' => 'medium' ), '_multiwidget' => 1 ) );
	update_option( 'widget_block', array( 4 => array( 'content' => '<!-- wp:paragraph --><p><a href="' . $url . '/block-widget/">Block</a></p><!-- /wp:paragraph -->' ), '_multiwidget' => 1 ) );
	update_option( 'sidebars_widgets', array( 'wp_inactive_widgets' => array(), 'sidebar-1' => array( 'text-2', 'media_image-3', 'block-4' ), 'array_version' => 3 ) );
}
