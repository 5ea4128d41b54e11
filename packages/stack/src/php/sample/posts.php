<?php
/**
 * Posts, pages, menu, comments and users of the sample.
 */

declare(strict_types=1);

/**
 * @param string                  $url       Address of the site.
 * @param array<string, string[]> $addresses Addresses that are the site's (`own`) and that only look so (`foreign`).
 * @param int[]                   $media     Attachments.
 */
function wcr_sample_posts( string $url, array $addresses, array $media ): void {
	$front = wcr_sample_insert(
		'page',
		'Welcome to the sample',
		'welcome',
		"<!-- wp:paragraph -->\n<p>The front page of the sample. <a href=\"{$url}/about/\">About us</a></p>\n<!-- /wp:paragraph -->\n\n"
		. wcr_sample_image_block( $media[0] ) . "\n\n[sample_shop_orders]"
	);
	$about = wcr_sample_insert( 'page', 'About us', 'about', "<p>Since 2024. Back to <a href='{$url}'>the start</a>.</p>" );
	$blog  = wcr_sample_insert( 'page', 'News', 'news', '' );
	update_option( 'show_on_front', 'page' );
	update_option( 'page_on_front', $front );
	update_option( 'page_for_posts', $blog );

	foreach ( $media as $index => $attachment ) {
		$post = wcr_sample_insert( 'post', 'Sample post ' . ( $index + 1 ), 'sample-post-' . ( $index + 1 ), wcr_sample_image_block( $attachment ) );
		set_post_thumbnail( $post, $attachment );
		wp_set_object_terms( $post, array( 'Tee & Größe' ), 'category' );
	}
	wcr_sample_insert( 'post', 'Blocks', 'blocks', wcr_sample_blocks( $url, $media[0] ) );
	wcr_sample_insert( 'post', 'Addresses', 'addresses', wcr_sample_addresses( $addresses ) );
	wcr_sample_page_builder( $url, $about );
	wcr_sample_menu( $url, $front, $about );
	wcr_sample_people( $url, $front );
}

function wcr_sample_insert( string $type, string $title, string $slug, string $content ): int {
	$id = wp_insert_post(
		wp_slash(
			array(
				'post_type'    => $type,
				'post_title'   => $title,
				'post_name'    => $slug,
				'post_content' => $content,
				'post_status'  => 'publish',
				'post_author'  => 1,
				'post_date'    => '2024-05-17 10:00:00',
			)
		),
		true
	);
	if ( is_wp_error( $id ) ) {
		throw new RuntimeException( $id->get_error_message() );
	}
	return $id;
}

/** An image as the editor writes it, with the sources for other widths. */
function wcr_sample_image_block( int $attachment ): string {
	$source = wp_get_attachment_image_url( $attachment, 'large' );
	$srcset = wp_get_attachment_image_srcset( $attachment, 'large' );
	return "<!-- wp:image {\"id\":{$attachment},\"sizeSlug\":\"large\",\"linkDestination\":\"media\"} -->\n"
		. "<figure class=\"wp-block-image size-large\"><img src=\"{$source}\" srcset=\"{$srcset}\" sizes=\"(max-width: 960px) 100vw, 960px\" alt=\"\" class=\"wp-image-{$attachment}\"/></figure>\n"
		. '<!-- /wp:image -->';
}

/** Block attributes hold JSON in which the editor writes `--`, `<`, `&` and `"` as \u escapes. */
function wcr_sample_blocks( string $url, int $attachment ): string {
	$escaped    = str_replace( '/', '\\/', $url );
	$background = wp_get_attachment_image_url( $attachment, 'full' );
	return "<!-- wp:cover {\"url\":\"{$background}\",\"id\":{$attachment},\"dimRatio\":50,\"style\":{\"color\":\"var(\\u002d\\u002dwp\\u002d\\u002dpreset)\"}} -->\n"
		. "<div class=\"wp-block-cover\" style=\"background-image:url({$background})\"><p>Cover</p></div>\n<!-- /wp:cover -->\n\n"
		. "<!-- wp:sample/card {\"link\":\"{$escaped}\\/about\\/\",\"html\":\"\\u003ca href=\\u0022{$url}/\\u0022\\u003eHome\\u003c/a\\u003e\",\"note\":\"a\\u002d\\u002db \\u0026 c\"} /-->\n\n"
		. "<!-- wp:button -->\n<div class=\"wp-block-button\"><a class=\"wp-block-button__link\" href=\"{$url}/?a=1&amp;b=2#top\">Go</a></div>\n<!-- /wp:button -->\n\n"
		. "<!-- wp:html -->\n<a data-settings='{\"url\":\"{$escaped}\\/\"}' data-encoded=\"{&quot;url&quot;:&quot;{$escaped}\\/&quot;}\" href=\"&#x68;ttp://example.com/\">x</a>\n<!-- /wp:html -->";
}

/** @param array<string, string[]> $addresses See wcr_sample_posts(). */
function wcr_sample_addresses( array $addresses ): string {
	$lines = array();
	foreach ( $addresses as $kind => $list ) {
		foreach ( $list as $address ) {
			$lines[] = "<p class=\"{$kind}\">" . $address . '</p>';
		}
	}
	return implode( "\n", $lines );
}

/** What page builders leave in post meta. */
function wcr_sample_page_builder( string $url, int $page ): void {
	$widget = array(
		'id'       => 'a1b2c3',
		'elType'   => 'widget',
		'settings' => array(
			'image'    => array( 'url' => $url . '/wp-content/uploads/2024/05/picture-1.png' ),
			'editor'   => '<p>Größe &amp; <a href="' . $url . '/shop/">Shop</a></p>',
			'empty'    => new stdClass(),
			'list'     => array(),
			'ratio'    => 1.0,
			'nested'   => wp_json_encode( array( 'link' => $url . '/nested/' ) ),
			'nested_2' => wp_json_encode( array( 'inner' => wp_json_encode( array( 'link' => $url . '/nested/twice/' ) ) ) ),
		),
	);
	update_post_meta( $page, '_elementor_data', wp_slash( wp_json_encode( array( $widget ) ) ) );
	update_post_meta( $page, '_elementor_css', array( 'css' => '.a{background:url(' . $url . '/wp-content/uploads/hero.svg)}' ) );
	$html = base64_encode( rawurlencode( '<iframe src="' . $url . '/embed/?q=größe"></iframe>' ) );
	wcr_sample_insert( 'page', 'Raw HTML', 'raw-html', "[vc_row][vc_raw_html]{$html}[/vc_raw_html][vc_btn link=\"url:" . rawurlencode( $url . '/shop/' ) . '|title:Shop"][/vc_row]' );
}

function wcr_sample_menu( string $url, int $front, int $about ): void {
	$menu = (int) wp_create_nav_menu( 'Main menu' );
	foreach ( array( $front, $about ) as $page ) {
		$item = array(
			'menu-item-object'    => 'page',
			'menu-item-object-id' => $page,
			'menu-item-type'      => 'post_type',
			'menu-item-status'    => 'publish',
		);
		wp_update_nav_menu_item( $menu, 0, $item );
	}
	$item = array(
		'menu-item-title'  => 'Shop',
		'menu-item-url'    => $url . '/shop/',
		'menu-item-status' => 'publish',
	);
	wp_update_nav_menu_item( $menu, 0, $item );
	set_theme_mod( 'nav_menu_locations', array( 'main' => $menu ) );
}

function wcr_sample_people( string $url, int $page ): void {
	$editor = wp_insert_user(
		array(
			'user_login' => 'editor',
			'user_pass'  => 'The editor, Größe 1!',
			'user_email' => 'editor@example.com',
			'user_url'   => $url . '/author/editor/',
			'role'       => 'editor',
		)
	);
	update_user_meta( (int) $editor, 'sample_profile', array( 'avatar' => $url . '/wp-content/uploads/2024/05/picture-1.png' ) );
	wp_insert_comment(
		array(
			'comment_post_ID'    => $page,
			'comment_author'     => 'Zoë',
			'comment_author_url' => $url . '/zoe/',
			'comment_content'    => 'Nice — see ' . $url . '/about/, and ' . $url . '.',
		)
	);
}
