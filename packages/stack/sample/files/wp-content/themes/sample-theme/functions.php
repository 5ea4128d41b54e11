<?php
/**
 * Set-up of the sample theme.
 */

declare(strict_types=1);

const SAMPLE_THEME_HOME = '{{url}}/';

add_action(
	'after_setup_theme',
	static function (): void {
		add_theme_support( 'title-tag' );
		add_theme_support( 'post-thumbnails' );
		add_theme_support( 'html5', array( 'gallery', 'caption', 'style', 'script' ) );
		register_nav_menus( array( 'main' => 'Main menu' ) );
	}
);

add_action(
	'widgets_init',
	static function (): void {
		register_sidebar(
			array(
				'id'   => 'sidebar-1',
				'name' => 'Sidebar',
			)
		);
	}
);

add_action(
	'wp_enqueue_scripts',
	static function (): void {
		wp_enqueue_style( 'sample-theme', get_stylesheet_uri(), array(), '1.0.0' );
		wp_enqueue_script( 'sample-theme', get_template_directory_uri() . '/assets/site.js', array(), '1.0.0', true );
	}
);
