<?php
/**
 * The settings page.
 *
 * @package WpCloneRestore
 * @var string $key The pairing key.
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;
?>
<div class="wrap" id="wcr-settings" data-wcr-version="<?php echo esc_attr( WCR_VERSION ); ?>">
	<h1><?php esc_html_e( 'Clone & Restore', 'wp-clone-restore' ); ?></h1>
	<?php if ( isset( $_GET['rotated'] ) ) : // phpcs:ignore WordPress.Security.NonceVerification -- shows a text only. ?>
		<div class="notice notice-success"><p><?php esc_html_e( 'There is a new pairing key. The former one works for another hour.', 'wp-clone-restore' ); ?></p></div>
	<?php endif; ?>
	<p><a href="<?php echo esc_url( \WpCloneRestore\Admin\ToolsPage::url() ); ?>"><?php esc_html_e( 'Clone this site, or restore it from a clone', 'wp-clone-restore' ); ?></a></p>
	<p><?php esc_html_e( 'Your clone service reads and writes this site with the pairing key. Treat it like a password.', 'wp-clone-restore' ); ?></p>
	<table class="form-table" role="presentation">
		<tr>
			<th scope="row"><label for="wcr-pairing-key"><?php esc_html_e( 'Pairing key', 'wp-clone-restore' ); ?></label></th>
			<td>
				<input type="text" readonly class="large-text code" id="wcr-pairing-key" autocomplete="off" spellcheck="false"
					data-wcr-pairing-key="<?php echo esc_attr( $key ); ?>" value="<?php echo esc_attr( $key ); ?>">
				<p>
					<button type="button" class="button" id="wcr-copy"><?php esc_html_e( 'Copy', 'wp-clone-restore' ); ?></button>
					<span id="wcr-copied" role="status" aria-live="polite" hidden><?php esc_html_e( 'Copied.', 'wp-clone-restore' ); ?></span>
				</p>
			</td>
		</tr>
	</table>
	<form method="post" action="<?php echo esc_url( admin_url( 'admin-post.php' ) ); ?>">
		<input type="hidden" name="action" value="wcr_rotate_key">
		<?php wp_nonce_field( 'wcr_rotate_key' ); ?>
		<p><?php esc_html_e( 'Make a new key when the present one may have become known. Services that use the present key must be given the new one within an hour.', 'wp-clone-restore' ); ?></p>
		<?php submit_button( __( 'Make a new key', 'wp-clone-restore' ), 'secondary', 'wcr-rotate', false ); ?>
	</form>
	<script>
	( function () {
		var field = document.getElementById( 'wcr-pairing-key' );
		document.getElementById( 'wcr-copy' ).addEventListener( 'click', function () {
			field.select();
			// Browsers offer the clipboard to secure pages only.
			if ( navigator.clipboard ) {
				navigator.clipboard.writeText( field.value );
			} else {
				document.execCommand( 'copy' );
			}
			document.getElementById( 'wcr-copied' ).hidden = false;
		} );
	} )();
	</script>
</div>
