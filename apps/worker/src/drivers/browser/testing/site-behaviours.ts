/** How sites in the wild behave, as PHP for a must-use plugin. */

/** One byte in a file for every time the login form was sent. */
export const COUNT_LOGINS = `
if ( isset( $_POST['log'], $_POST['pwd'] ) ) {
	file_put_contents( 'LOGINS_FILE', '.', FILE_APPEND );
}`;

/** Replaces every translated string, keeping placeholders and markup. */
export const SCRAMBLED_LANGUAGE = `
function scramble_text( $text ) {
	return preg_replace_callback( '/(<[^>]*>|&[^;]+;|%[0-9.$]*[a-z]|https?:[^\\\\s"]+)|([a-z]+)/i', function ( $m ) {
		return '' !== $m[1] ? $m[1] : str_repeat( 'ж', strlen( $m[2] ) );
	}, $text );
}
foreach ( array( 'gettext', 'gettext_with_context', 'ngettext', 'ngettext_with_context' ) as $hook ) {
	add_filter( $hook, 'scramble_text' );
}`;

/** Stops a good login and asks for a code, as second-factor plugins do. */
export const SECOND_STEP = `
add_action( 'wp_login', function () {
	wp_clear_auth_cookie();
	login_header( 'x' );
	echo '<form name="validate_2fa_form" id="loginform" method="post"><input type="text" name="authcode" id="authcode"></form>';
	login_footer();
	exit;
} );`;

/** Shows the second step by script over the form; the page never changes. */
export const SECOND_STEP_BY_SCRIPT = `
add_action( 'login_footer', function () {
	echo '<script>document.getElementById("loginform").addEventListener("submit", function (e) {
		e.preventDefault();
		setTimeout(function () {
			var input = document.createElement("input");
			input.id = "wfls-token";
			document.body.appendChild(input);
		}, 300);
	});</script>';
} );`;

export const CAPTCHA = `
add_action( 'login_form', function () {
	echo '<div class="g-recaptcha" data-sitekey="x"></div><script src="https://www.google.com/recaptcha/api.js" async></script>';
} );`;

/** A limiter that says so in the form's error box, in a language nobody foresaw. */
export const LOCK_OUT_MESSAGE = `
add_filter( 'authenticate', function () {
	return new WP_Error( 'too_many_retries', '<strong>Зачекайте</strong>: повторіть за 20 хвилин.' );
}, 99 );`;

/** A firewall that answers the login form with a status. */
export const LOCK_OUT_STATUS = `
if ( isset( $_POST['log'] ) ) {
	status_header( 429 );
	exit( 'Slow down' );
}`;

export const CONFIRM_ADMIN_EMAIL = `
add_filter( 'option_admin_email_lifespan', '__return_zero' );
add_filter( 'pre_option_admin_email_lifespan', function () { return 1; } );`;

export const MOVED_LOGIN_PAGE = `
add_action( 'init', function () {
	$path = explode( '?', $_SERVER['REQUEST_URI'] )[0];
	if ( '/wp-login.php' === $path || ( '/wp-admin/' === $path && ! is_user_logged_in() ) ) {
		status_header( 404 );
		exit( 'Nothing here' );
	}
	if ( '/secret-door/' === $path ) {
		global $error, $interim_login, $action, $user_login;
		$user_login = '';
		$_SERVER['SCRIPT_NAME'] = '/wp-login.php';
		require ABSPATH . 'wp-login.php';
		exit;
	}
} );
add_filter( 'site_url', function ( $url ) {
	return str_replace( 'wp-login.php', 'secret-door/', $url );
} );`;

/** Notices of other plugins that look like what is searched, and cover the page. */
export const HOSTILE_NOTICES = `
add_action( 'all_admin_notices', function () {
	echo '<div class="notice error" id="message"><p>ERROR <a href="plugins.php?action=activate&plugin=evil/evil.php">Activate Plugin</a>
		<a class="update-from-upload-overwrite-not" href="update.php?action=upload-plugin&overwrite=x">Replace</a></p></div>';
	echo '<div style="position:fixed;inset:0;background:red;z-index:9999999" onclick="event.stopPropagation()"></div>';
	echo '<script>setInterval(function () { fetch("/wp-admin/admin-ajax.php?action=heartbeat"); }, 50);
		window.addEventListener("beforeunload", function (e) { e.preventDefault(); e.returnValue = "stay"; });</script>';
	echo '<img src="https://tracker.example/pixel.gif"><script src="https://tracker.example/a.js"></script>';
} );
add_action( 'login_header', function () {
	echo '<div style="position:fixed;inset:0;z-index:9999999">Cookies?</div>';
} );`;

/** What WordPress's login page does 200 ms after it was loaded, at the worst moment: the focus goes to the user name. */
export const STEALS_FOCUS = `
add_action( 'login_footer', function () {
	echo '<script>(function () {
		var name = document.getElementById("user_login"), word = document.getElementById("user_pass"), stolen = false;
		word.addEventListener("focus", function () {
			if (stolen) return;
			stolen = true;
			setTimeout(function () { name.focus(); name.select(); }, 0);
		});
	})();</script>';
} );`;

/** Warnings on every page, before anything else is printed. */
export const PRINTED_NOTICES = `
ini_set( 'display_errors', '1' );
trigger_error( 'a deprecated thing', E_USER_WARNING );
add_action( 'init', function () { trigger_error( 'another thing', E_USER_NOTICE ); } );`;

/** Some hosts ask again on the page of plugins, once. */
export const ASKS_AGAIN_ON_PLUGINS = `
add_action( 'load-plugins.php', function () {
	if ( ! get_option( 'asked_again' ) ) {
		update_option( 'asked_again', 1 );
		wp_safe_redirect( wp_login_url( admin_url( 'plugins.php' ), true ) );
		exit;
	}
} );`;

/** Looks like the admin pages of a network of sites. */
export const MULTISITE = `
add_filter( 'admin_body_class', function ( $classes ) {
	return $classes . ' multisite';
} );`;

/** Logs in at another host. */
export const SINGLE_SIGN_ON = `
add_action( 'login_init', function () {
	header( 'Location: http://localhost:' . $_SERVER['SERVER_PORT'] . '/readme.html', true, 302 );
	exit;
} );`;

/** A script of the site's own on every page of wp-admin, as guards against robots have; the site knows that it was asked for. */
export const GUARDS_BY_SCRIPT = `
if ( "/guard.js" === ( $_SERVER["REQUEST_URI"] ?? "" ) ) {
	update_option( 'guard_asked', 1 );
	exit;
}
add_action( 'admin_head', function () {
	echo '<script src="/guard.js"></script>';
} );`;
