<?php
/**
 * Plugin Name: Clone guard
 * Description: Keeps this temporary clone from acting on the real world: no mail, no cron, no calls to other hosts, no payments, no search engines.
 * Author: wp-clone-restore
 * License: MIT
 * Text Domain: wp-clone-restore
 *
 * A must-use plugin of one file; it changes nothing in the database. Constants of wp-config.php:
 * WCR_CLONE_SOURCE (host of the source), WCR_CLONE_EXPIRES_AT (Unix seconds; the server variable of the same name goes first) and
 * WCR_CLONE_HTTP_ALLOW (hosts that may be called, separated by commas; `*.example.com` for all below).
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

/**
 * The guard; `start()` hangs it in.
 */
final class WCR_Clone_Guard {

	private const MAIL_FOLDER = 'wcr-mail';
	private const MAX_MAILS   = 200;
	private const LAST        = PHP_INT_MAX;
	private const FIRST       = PHP_INT_MIN;

	/** Hangs everything in. Must run before other plugins are loaded. */
	public static function start(): void {
		self::stop_cron();
		self::stop_mail();
		self::stop_http();
		self::stop_indexing();
		self::stop_commerce();
		self::stop_updates();
		add_action( 'admin_notices', array( __CLASS__, 'print_notice' ) );
		add_action( 'network_admin_notices', array( __CLASS__, 'print_notice' ) );
		add_action( 'admin_bar_menu', array( __CLASS__, 'add_admin_bar_item' ), 5 );
	}

	/** Neither WordPress's own schedule nor Action Scheduler's queue runs. */
	private static function stop_cron(): void {
		if ( defined( 'DOING_CRON' ) && DOING_CRON ) {
			status_header( 403 );
			exit( 'Cron is off in a clone.' );
		}
		defined( 'DISABLE_WP_CRON' ) || define( 'DISABLE_WP_CRON', true );
		remove_action( 'init', 'wp_cron' );
		add_filter( 'pre_get_ready_cron_jobs', array( __CLASS__, 'none' ), self::LAST );
		add_filter( 'action_scheduler_queue_runner_concurrent_batches', '__return_zero', self::LAST );
		add_filter( 'action_scheduler_allow_async_request_runner', '__return_false', self::LAST );
		add_action( 'init', array( __CLASS__, 'stop_action_scheduler' ), self::LAST );
	}

	public static function stop_action_scheduler(): void {
		remove_all_actions( 'action_scheduler_run_queue' );
	}

	/**
	 * Mails go into files. Plugins send in three ways: through wp_mail(), which this file defines before they can; in front of it
	 * (pre_wp_mail); and with a mailer object of their own that they show to phpmailer_init.
	 */
	private static function stop_mail(): void {
		add_filter( 'pre_wp_mail', array( __CLASS__, 'catch_mail' ), self::FIRST, 2 );
		add_action( 'phpmailer_init', array( __CLASS__, 'catch_mailer' ), self::LAST );
	}

	/**
	 * @param mixed                $sent Nothing of interest.
	 * @param array<string, mixed> $mail Arguments of wp_mail().
	 */
	public static function catch_mail( $sent, $mail ): bool {
		// Those that come later would send it.
		remove_all_filters( 'pre_wp_mail' );
		add_filter( 'pre_wp_mail', array( __CLASS__, 'catch_mail' ), self::FIRST, 2 );
		self::store_mail( self::compose( (array) $mail ) );
		return true;
	}

	/**
	 * Stores what a mailer is about to send and puts one in its place that sends nothing.
	 *
	 * @param object $mailer PHPMailer, by reference.
	 */
	public static function catch_mailer( &$mailer ): void {
		if ( ! class_exists( '\PHPMailer\PHPMailer\PHPMailer' ) || ! $mailer instanceof \PHPMailer\PHPMailer\PHPMailer ) {
			return;
		}
		try {
			$mailer->preSend();
			self::store_mail( $mailer->getSentMIMEMessage() );
		} catch ( \Throwable $error ) {
			self::store_mail( 'X-WCR-Problem: ' . self::header_text( $error->getMessage() ) . "\r\n\r\n" );
		}
		$mailer = new class( false ) extends \PHPMailer\PHPMailer\PHPMailer {
			/** Says that it has sent the mail. */
			public function send() { // phpcs:ignore -- the parent declares no type.
				return true;
			}
		};
	}

	/**
	 * A mail as text of the internet message format; attachments are named, not copied.
	 *
	 * @param array<string, mixed> $mail Arguments of wp_mail().
	 */
	public static function compose( array $mail ): string {
		$to      = is_array( $mail['to'] ?? '' ) ? implode( ', ', $mail['to'] ) : (string) ( $mail['to'] ?? '' );
		$headers = $mail['headers'] ?? array();
		$headers = is_array( $headers ) ? $headers : explode( "\n", str_replace( "\r\n", "\n", (string) $headers ) );
		$lines   = array(
			'Date: ' . gmdate( 'r' ),
			'To: ' . self::header_text( $to ),
			'Subject: ' . self::header_text( (string) ( $mail['subject'] ?? '' ) ),
			'MIME-Version: 1.0',
			'Content-Transfer-Encoding: quoted-printable',
		);
		$type    = 'Content-Type: ' . self::header_text( (string) apply_filters( 'wp_mail_content_type', 'text/plain' ) ) . '; charset=UTF-8';
		foreach ( $headers as $name => $header ) {
			$line = self::header_text( is_string( $name ) ? $name . ': ' . $header : (string) $header );
			if ( 0 === stripos( $line, 'content-type:' ) ) {
				$type = $line;
			} elseif ( '' !== $line ) {
				$lines[] = $line;
			}
		}
		$lines[] = $type;
		foreach ( (array) ( $mail['attachments'] ?? array() ) as $file ) {
			$lines[] = 'X-WCR-Attachment: ' . self::header_text( basename( (string) $file ) );
		}
		return implode( "\r\n", $lines ) . "\r\n\r\n" . quoted_printable_encode( (string) ( $mail['message'] ?? '' ) ) . "\r\n";
	}

	/** Puts a mail into the folder; its name cannot be guessed and the folder cannot be listed. */
	private static function store_mail( string $message ): void {
		// phpcs:disable WordPress.PHP.NoSilencedErrors -- a mail that cannot be kept must not break the page.
		$folder = WP_CONTENT_DIR . '/' . self::MAIL_FOLDER;
		if ( ! is_dir( $folder ) && ! @mkdir( $folder, 0700, true ) && ! is_dir( $folder ) ) {
			return;
		}
		if ( ! is_file( $folder . '/index.php' ) ) {
			@file_put_contents( $folder . '/index.php', "<?php\n" );
			@file_put_contents( $folder . '/.htaccess', "<IfModule mod_authz_core.c>\nRequire all denied\n</IfModule>\n<IfModule !mod_authz_core.c>\nDeny from all\n</IfModule>\n" );
		}
		$file = $folder . '/' . sprintf( '%.6F', microtime( true ) ) . '-' . bin2hex( random_bytes( 8 ) ) . '.eml';
		@file_put_contents( $file, $message );
		@chmod( $file, 0600 );
		$mails = glob( $folder . '/*.eml' );
		foreach ( array_slice( is_array( $mails ) ? $mails : array(), 0, -self::MAX_MAILS ) as $old ) {
			@unlink( $old );
		}
		// phpcs:enable
	}

	/** Text for one line of a header; a line break would begin another header. */
	private static function header_text( string $text ): string {
		return trim( (string) preg_replace( '/[\r\n\0]+/', ' ', $text ) );
	}

	/** Only the clone itself and hosts on the list can be called. */
	private static function stop_http(): void {
		if ( ! defined( 'WP_ACCESSIBLE_HOSTS' ) && '' !== self::constant_text( 'WCR_CLONE_HTTP_ALLOW' ) ) {
			// Where WP_HTTP_BLOCK_EXTERNAL is on, WordPress asks this list too.
			define( 'WP_ACCESSIBLE_HOSTS', self::constant_text( 'WCR_CLONE_HTTP_ALLOW' ) );
		}
		add_filter( 'pre_http_request', array( __CLASS__, 'filter_request' ), self::LAST, 3 );
	}

	/**
	 * @param mixed                $response False, or another filter's answer.
	 * @param array<string, mixed> $args     Request.
	 * @param mixed                $url      Address.
	 * @return mixed
	 */
	public static function filter_request( $response, $args, $url ) {
		$host = (string) wp_parse_url( (string) $url, PHP_URL_HOST );
		if ( self::may_call( $host ) ) {
			return $response;
		}
		return new WP_Error(
			'wcr_clone_http_blocked',
			/* translators: %s: host name. */
			sprintf( __( 'This site is a temporary clone; it may not call %s.', 'wp-clone-restore' ), $host )
		);
	}

	/** Whether the clone may call a host. */
	public static function may_call( string $host ): bool {
		$host    = strtolower( $host );
		$allowed = array_map( 'trim', explode( ',', strtolower( self::constant_text( 'WCR_CLONE_HTTP_ALLOW' ) ) ) );
		foreach ( array( home_url(), site_url() ) as $own ) {
			$allowed[] = strtolower( (string) wp_parse_url( $own, PHP_URL_HOST ) );
		}
		foreach ( array_filter( $allowed ) as $pattern ) {
			$below = 0 === strpos( $pattern, '*.' ) && strlen( $host ) >= strlen( $pattern ) && substr( $host, 1 - strlen( $pattern ) ) === substr( $pattern, 1 );
			if ( $host === $pattern || $below ) {
				return true;
			}
		}
		return false;
	}

	/** Search engines are told to stay away, in every way they listen to. */
	private static function stop_indexing(): void {
		add_filter( 'pre_option_blog_public', array( __CLASS__, 'zero' ), self::LAST );
		add_filter( 'robots_txt', array( __CLASS__, 'robots_txt' ), self::LAST );
		add_filter( 'wp_robots', array( __CLASS__, 'robots_meta' ), self::LAST );
		add_filter( 'wp_headers', array( __CLASS__, 'robots_header' ), self::LAST );
		if ( ! headers_sent() ) {
			header( 'X-Robots-Tag: noindex, nofollow' );
		}
	}

	public static function robots_txt(): string {
		return "User-agent: *\nDisallow: /\n";
	}

	/**
	 * @return array<string, bool>
	 */
	public static function robots_meta(): array {
		return array(
			'noindex'  => true,
			'nofollow' => true,
		);
	}

	/**
	 * @param mixed $headers Headers by name.
	 * @return array<string, string>
	 */
	public static function robots_header( $headers ): array {
		return array( 'X-Robots-Tag' => 'noindex, nofollow' ) + (array) $headers;
	}

	/** Nobody is charged, and no shop or service hears from the clone. */
	private static function stop_commerce(): void {
		add_filter( 'woocommerce_available_payment_gateways', array( __CLASS__, 'none' ), self::LAST );
		add_filter( 'woocommerce_webhook_should_deliver', '__return_false', self::LAST );
		add_filter( 'woocommerce_subscriptions_is_duplicate_site', '__return_true', self::LAST );
		add_filter( 'woocommerce_apply_user_tracking', '__return_false', self::LAST );
		add_filter( 'jetpack_is_staging_site', '__return_true', self::LAST );
		add_filter( 'jetpack_offline_mode', '__return_true', self::LAST );
	}

	/** The clone stays what it was made as. */
	private static function stop_updates(): void {
		add_filter( 'automatic_updater_disabled', '__return_true', self::LAST );
		add_filter( 'auto_update_core', '__return_false', self::LAST );
		add_filter( 'auto_update_plugin', '__return_false', self::LAST );
		add_filter( 'auto_update_theme', '__return_false', self::LAST );
		add_filter( 'auto_update_translation', '__return_false', self::LAST );
		// The question whether the address of the administrator is still right would be about the source's.
		add_filter( 'admin_email_check_interval', '__return_zero', self::LAST );
	}

	public static function print_notice(): void {
		printf( '<div class="notice notice-warning"><p><strong>%s</strong></p></div>', esc_html( self::message() ) );
	}

	/**
	 * @param object $bar WP_Admin_Bar.
	 */
	public static function add_admin_bar_item( $bar ): void {
		$bar->add_node(
			array(
				'id'    => 'wcr-clone',
				'title' => esc_html( self::remaining() ),
				'meta'  => array( 'title' => esc_attr( self::message() ) ),
			)
		);
	}

	/** What this site is and until when, for people. */
	public static function message(): string {
		$source  = self::constant_text( 'WCR_CLONE_SOURCE' );
		$expires = self::expires_at();
		/* translators: %s: host name of the source. */
		$what = '' === $source ? __( 'This is a temporary clone.', 'wp-clone-restore' ) : sprintf( __( 'This is a clone of %s.', 'wp-clone-restore' ), $source );
		if ( 0 === $expires ) {
			return $what;
		}
		$format = get_option( 'date_format' ) . ' ' . get_option( 'time_format' );
		$time   = function_exists( 'wp_date' ) ? (string) wp_date( $format, $expires ) : gmdate( 'Y-m-d H:i', $expires ) . ' UTC';
		if ( $expires <= time() ) {
			/* translators: %s: date and time. */
			return $what . ' ' . sprintf( __( 'It has expired at %s.', 'wp-clone-restore' ), $time );
		}
		/* translators: 1: date and time, 2: time span like "43 minutes". */
		return $what . ' ' . sprintf( __( 'It expires at %1$s (in %2$s).', 'wp-clone-restore' ), $time, human_time_diff( time(), $expires ) );
	}

	private static function remaining(): string {
		$expires = self::expires_at();
		if ( 0 === $expires ) {
			return __( 'Clone', 'wp-clone-restore' );
		}
		/* translators: %s: time span like "43 minutes". */
		return $expires <= time() ? __( 'Clone (expired)', 'wp-clone-restore' ) : sprintf( __( 'Clone: %s left', 'wp-clone-restore' ), human_time_diff( time(), $expires ) );
	}

	/** Unix seconds; 0 when nobody said. The gateway knows a life that was extended, the constant the one it began with. */
	public static function expires_at(): int {
		$served = $_SERVER['WCR_CLONE_EXPIRES_AT'] ?? ''; // phpcs:ignore WordPress.Security -- digits are checked for.
		if ( is_string( $served ) && '' !== $served && ctype_digit( $served ) ) {
			return (int) $served;
		}
		return (int) self::constant_text( 'WCR_CLONE_EXPIRES_AT' );
	}

	/** @return array<int, mixed> */
	public static function none(): array {
		return array();
	}

	public static function zero(): string {
		return '0';
	}

	private static function constant_text( string $name ): string {
		$value = defined( $name ) ? constant( $name ) : '';
		return is_scalar( $value ) ? (string) $value : '';
	}
}

WCR_Clone_Guard::start();

if ( ! function_exists( 'wp_mail' ) ) {
	/**
	 * Takes WordPress's place before any plugin can: nothing leaves a clone.
	 *
	 * @param string|string[] $to          Recipients.
	 * @param string          $subject     Subject.
	 * @param string          $message     Text.
	 * @param string|string[] $headers     Further headers.
	 * @param string|string[] $attachments Files.
	 * @return bool Always true.
	 */
	function wp_mail( $to, $subject, $message, $headers = '', $attachments = array() ) {
		$mail = apply_filters( 'wp_mail', compact( 'to', 'subject', 'message', 'headers', 'attachments' ) );
		WCR_Clone_Guard::catch_mail( null, $mail );
		do_action( 'wp_mail_succeeded', $mail );
		return true;
	}
}
