<?php

declare(strict_types=1);

namespace WpCloneRestore\Transport;

use WpCloneRestore\Agent\Dispatcher;
use WpCloneRestore\Agent\WordPressEnvironment;

/**
 * Every way by which calls reach the agent of a WordPress.
 */
final class Door {

	public const REST_NAMESPACE = 'wp-clone-restore/v1';
	public const REST_ROUTE     = '/agent';
	public const AJAX_ACTION    = 'wp_clone_restore_agent';

	/** Listens on all transports. */
	public static function register(): void {
		if ( self::is_call() && isset( $_GET['wcr-agent'] ) ) { // phpcs:ignore WordPress.Security.NonceVerification -- signed.
			self::answer();
		}
		add_action( 'rest_api_init', array( self::class, 'on_rest_api_init' ), 0 );
		add_action( 'wp_ajax_' . self::AJAX_ACTION, array( self::class, 'answer' ), 0 );
		add_action( 'wp_ajax_nopriv_' . self::AJAX_ACTION, array( self::class, 'answer' ), 0 );
	}

	/**
	 * Answers before WordPress authenticates: HTTP Basic credentials of a staging site are no application password, and
	 * plugins that close the REST API to visitors do so there.
	 */
	public static function on_rest_api_init(): void {
		$route = $GLOBALS['wp']->query_vars['rest_route'] ?? '';
		if ( self::is_call() && is_string( $route ) && rtrim( $route, '/' ) === '/' . self::REST_NAMESPACE . self::REST_ROUTE ) {
			self::answer();
		}
		register_rest_route(
			self::REST_NAMESPACE,
			self::REST_ROUTE,
			array(
				'methods'             => 'POST',
				'callback'            => array( self::class, 'answer' ),
				// The signature is the permission.
				'permission_callback' => '__return_true',
				'show_in_index'       => false,
			)
		);
	}

	/** Answers the current request and ends it. */
	public static function answer(): void {
		Dispatcher::serve( new WordPressEnvironment() );
		exit;
	}

	private static function is_call(): bool {
		return 'POST' === ( $_SERVER['REQUEST_METHOD'] ?? '' ) && isset( $_SERVER['HTTP_X_WCR_OPERATION'] );
	}
}
