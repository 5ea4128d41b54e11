<?php
/**
 * Plugin Name: Hostile admin
 * Description: Does to every page of wp-admin what the loudest plugins do: notices, styles and scripts that mind nobody else, and text in front of every answer.
 * Version: 6.6.6
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

$wcr_shout = static function (): void {
	echo '<div class="notice notice-error is-dismissible" id="shout"><h1>BUY PRO NOW</h1><p><b>Never closed</div><div class="updated error"><p>Rate us</p></div>';
	echo '<div class="notice" style="position:relative;z-index:99999"><form><button type="submit">Upgrade</button><input id="url" name="url"></form></div>';
};
add_action( 'admin_notices', $wcr_shout );
add_action( 'all_admin_notices', $wcr_shout );

add_action(
	'admin_head',
	static function (): void {
		echo '<style>.notice:not(#shout), .card { display: none !important } .button { visibility: hidden !important } .wrap h2 { text-transform: uppercase; font-size: 40px }
			section { float: left; width: 50% } progress { height: 1px } label { letter-spacing: 3px } [hidden] { display: block }</style>';
		echo '<script>Object.prototype.shout = function () {}; Array.prototype.shout = function () {}; document.addEventListener( "click", function () { window.shouts = ( window.shouts || 0 ) + 1; } );
			document.addEventListener( "DOMContentLoaded", function () { throw new Error( "shout" ); } );
			setInterval( function () { var notices = document.querySelectorAll( ".notice" ); if ( notices[0] ) { notices[0].parentNode.insertBefore( notices[0], notices[0].parentNode.firstChild ); } }, 200 );</script>';
	}
);
add_action(
	'admin_footer',
	static function (): void {
		echo '<script>shout.not.defined();</script>';
	}
);

// A byte order mark, a notice of PHP's and a remark: in front of every answer of admin-ajax.php, and behind it.
add_action(
	'admin_init',
	static function (): void {
		if ( wp_doing_ajax() ) {
			echo "\xEF\xBB\xBF<br />\n<b>Deprecated</b>: shout() in shout.php on line 1 {\"wcr\":0<br />\n";
			register_shutdown_function(
				static function (): void {
					echo '<!-- cached by Shout -->';
				}
			);
		}
	}
);
