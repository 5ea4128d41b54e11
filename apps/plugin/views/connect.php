<?php
/**
 * The form that connects the site to a service.
 *
 * @package WpCloneRestore
 * @var \WpCloneRestore\Admin\Connection|null $connection Null while the site is not connected.
 * @var bool                                  $is_local   Whether the service may not reach this site, by its looks.
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;
?>
<section class="wcr-card" id="wcr-connect" aria-labelledby="wcr-connect-title" <?php echo null === $connection ? '' : 'hidden'; ?>>
	<h2 id="wcr-connect-title"><?php esc_html_e( 'Connect to your clone service', 'wp-clone-restore' ); ?></h2>
	<p><?php esc_html_e( 'The clone service makes and keeps the copies. The person who runs it gives you its address and a key.', 'wp-clone-restore' ); ?></p>
	<?php if ( $is_local ) : ?>
		<p class="wcr-note"><?php esc_html_e( 'This site looks like one on your own computer or in a local network. The clone service must be able to open it: use a service in the same network.', 'wp-clone-restore' ); ?></p>
	<?php endif; ?>
	<form id="wcr-connect-form" class="wcr-form" novalidate>
		<p class="wcr-field">
			<label for="wcr-url"><?php esc_html_e( 'Address', 'wp-clone-restore' ); ?></label>
			<input type="url" id="wcr-url" class="regular-text code" required autocomplete="url" spellcheck="false" placeholder="https://clones.example.com">
		</p>
		<p class="wcr-field">
			<label for="wcr-key"><?php esc_html_e( 'Key', 'wp-clone-restore' ); ?></label>
			<input type="password" id="wcr-key" class="regular-text code" required autocomplete="off" spellcheck="false" aria-describedby="wcr-key-help">
			<span class="description" id="wcr-key-help"><?php esc_html_e( 'It is kept on this site, sent to the service only, and never shown again.', 'wp-clone-restore' ); ?></span>
		</p>
		<p><button type="submit" class="button button-primary"><?php esc_html_e( 'Test and connect', 'wp-clone-restore' ); ?></button></p>
	</form>
</section>
