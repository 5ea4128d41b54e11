<?php
/**
 * The page in a clone: says what this is.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

$wcr_source = defined( 'WCR_CLONE_SOURCE' ) ? (string) constant( 'WCR_CLONE_SOURCE' ) : '';
?>
<div class="wrap" id="wcr-page">
	<h1><?php esc_html_e( 'Clone & Restore', 'wp-clone-restore' ); ?></h1>
	<hr class="wp-header-end">
	<section class="wcr-card" id="wcr-in-clone">
		<h2><?php esc_html_e( 'You are in a clone', 'wp-clone-restore' ); ?></h2>
		<p>
			<?php
			echo esc_html(
				'' === $wcr_source
					? __( 'This is a temporary copy. What you change here does not change the live site.', 'wp-clone-restore' )
					/* translators: %s: host name of the live site. */
					: sprintf( __( 'This is a temporary copy of %s. What you change here does not change the live site.', 'wp-clone-restore' ), $wcr_source )
			);
			?>
		</p>
		<p><?php esc_html_e( 'To bring your changes to the live site, open Tools → Clone & Restore there.', 'wp-clone-restore' ); ?></p>
	</section>
</div>
