<?php
/**
 * Plugin Name: Clone login
 * Description: Lets the clone service sign people in to this temporary clone with links that work once.
 * Author: wp-clone-restore
 * License: MIT
 * Text Domain: wp-clone-restore
 *
 * A must-use plugin of one file. Constants of wp-config.php: WCR_CLONE_ID, and WCR_CLONE_LOGIN_SECRET, with which the service signs
 * links; without it there are none. A link is `<clone>/?wcr-login#<token>`: browsers keep what is behind the `#` to themselves, so
 * neither logs nor referrers have the token, and what only looks at links (mail scanners, previews) does not use them up. The
 * page that answers posts the token back.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

/**
 * Login links; `start()` hangs them in.
 */
final class WCR_Clone_Login {

	public const PARAMETER   = 'wcr-login';
	public const FIELD       = 'wcr_token';
	private const PURPOSE    = 'wcr-login-link.1.';
	private const NONCE      = 'wcr_login_';
	private const LONGEST    = 120;
	private const TOKEN_FORM = '/^([A-Za-z0-9_-]{1,1024})\.([A-Za-z0-9_-]{43})$/D';

	/** Answers before the site's plugins can: those that hide or guard logins are for the source. */
	public static function start(): void {
		if ( isset( $_GET[ self::PARAMETER ] ) ) { // phpcs:ignore WordPress.Security.NonceVerification -- the token is signed.
			add_action( 'init', array( __CLASS__, 'answer' ), PHP_INT_MIN );
		}
	}

	/** Answers the request and ends it. */
	public static function answer(): void {
		nocache_headers();
		header( 'Referrer-Policy: no-referrer' );
		header( 'X-Frame-Options: DENY' );
		header( 'X-Robots-Tag: noindex, nofollow' );
		if ( 'POST' !== ( $_SERVER['REQUEST_METHOD'] ?? '' ) ) {
			self::print_page();
			exit;
		}
		$token = $_POST[ self::FIELD ] ?? ''; // phpcs:ignore WordPress.Security -- signed, and matched against its form.
		$user  = self::user_of( is_string( $token ) ? $token : '', time() );
		if ( null === $user ) {
			self::print_refusal();
			exit;
		}
		// No action wp_login: what the source's plugins do there (second factors, other start pages) is not for the clone.
		wp_set_auth_cookie( $user->ID, false );
		wp_safe_redirect( admin_url(), 303 );
		exit;
	}

	/** The administrator a token signs in; null for a token that is not one, is not for this clone, is too old or was used. */
	public static function user_of( string $token, int $now ): ?WP_User {
		$claims = self::claims_of( $token, self::constant_text( 'WCR_CLONE_LOGIN_SECRET' ) );
		if ( null === $claims || ! hash_equals( self::constant_text( 'WCR_CLONE_ID' ), $claims['clone'] ) ) {
			return null;
		}
		if ( $claims['expires'] <= $now || $claims['expires'] > $now + self::LONGEST ) {
			return null;
		}
		$user = get_user_by( 'login', $claims['user'] );
		// Taken last, and for good: nothing after it can fail.
		return $user && user_can( $user, 'manage_options' ) && self::take( $claims['nonce'], $claims['expires'], $now ) ? $user : null;
	}

	/**
	 * What a token says, if it was signed with the secret.
	 *
	 * @return array{clone: string, user: string, expires: int, nonce: string}|null
	 */
	public static function claims_of( string $token, string $secret ): ?array {
		if ( '' === $secret || ! preg_match( self::TOKEN_FORM, $token, $parts ) ) {
			return null;
		}
		$expected = hash_hmac( 'sha256', self::PURPOSE . $parts[1], $secret, true );
		if ( ! hash_equals( $expected, (string) self::decode( $parts[2] ) ) ) {
			return null;
		}
		$claims = json_decode( (string) self::decode( $parts[1] ), true );
		if ( ! is_array( $claims ) || ! is_string( $claims['clone'] ?? null ) || ! is_string( $claims['user'] ?? null ) || ! is_int( $claims['expires'] ?? null ) ) {
			return null;
		}
		return is_string( $claims['nonce'] ?? null ) && preg_match( '/^[0-9a-f]{32}$/D', $claims['nonce'] ) ? $claims : null;
	}

	/**
	 * Writes down that a link is used, in one statement that works for one request only; a restore never carries such options
	 * (`wcr_`). Past the caches, which a plugin may share between requests or not at all.
	 */
	private static function take( string $nonce, int $expires, int $now ): bool {
		global $wpdb;
		// phpcs:disable WordPress.DB -- see above.
		$wpdb->query( $wpdb->prepare( "DELETE FROM `{$wpdb->options}` WHERE option_name LIKE %s AND option_value < %d", $wpdb->esc_like( self::NONCE ) . '%', $now ) );
		$made = $wpdb->query( $wpdb->prepare( "INSERT IGNORE INTO `{$wpdb->options}` (option_name, option_value, autoload) VALUES (%s, %d, 'no')", self::NONCE . $nonce, $expires ) );
		// phpcs:enable
		return 1 === $made;
	}

	/** The page that takes the token out of the address and posts it. */
	private static function print_page(): void {
		$nonce = bin2hex( random_bytes( 16 ) );
		self::begin_page( 200, "default-src 'none'; script-src 'nonce-$nonce'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" );
		printf(
			'<form method="post" action="%s"><input type="hidden" name="%s"><p id="wcr-says" role="status">%s</p><noscript><p>%s</p></noscript></form>',
			esc_url( add_query_arg( self::PARAMETER, '', home_url( '/' ) ) ),
			esc_attr( self::FIELD ),
			esc_html__( 'Signing in to the clone…', 'wp-clone-restore' ),
			esc_html__( 'Login links need JavaScript. Sign in with the user name and password of the clone instead.', 'wp-clone-restore' )
		);
		printf(
			'<script nonce="%s">( function () { var form = document.forms[0], token = location.hash.slice( 1 ); if ( ! token ) { document.getElementById( "wcr-says" ).textContent = %s; return; } history.replaceState( null, "", location.pathname + location.search ); form.elements[0].value = token; form.submit(); }() );</script></body></html>',
			esc_attr( $nonce ),
			wp_json_encode( self::refusal(), JSON_HEX_TAG | JSON_HEX_AMP )
		);
	}

	/** One answer for everything that is wrong with a link: it tells nobody what. */
	private static function print_refusal(): void {
		self::begin_page( 403, "default-src 'none'; frame-ancestors 'none'" );
		printf( '<h1>%s</h1><p>%s</p></body></html>', esc_html__( 'This login link does not work', 'wp-clone-restore' ), esc_html( self::refusal() ) );
	}

	private static function begin_page( int $status, string $policy ): void {
		status_header( $status );
		header( 'Content-Type: text/html; charset=utf-8' );
		header( "Content-Security-Policy: $policy" );
		printf(
			'<!doctype html><html lang="%s" dir="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><title>%s</title></head><body>',
			esc_attr( str_replace( '_', '-', get_locale() ) ),
			is_rtl() ? 'rtl' : 'ltr',
			esc_html__( 'Sign in to the clone', 'wp-clone-restore' )
		);
	}

	private static function refusal(): string {
		return __( 'A login link works once, for a minute. Ask for a new one where you got this one.', 'wp-clone-restore' );
	}

	private static function decode( string $text ): ?string {
		$bytes = base64_decode( strtr( $text, '-_', '+/' ), true ); // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions
		return false === $bytes ? null : $bytes;
	}

	private static function constant_text( string $name ): string {
		$value = defined( $name ) ? constant( $name ) : '';
		return is_scalar( $value ) ? (string) $value : '';
	}
}

WCR_Clone_Login::start();
