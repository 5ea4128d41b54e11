<?php
/**
 * Tools → Clone & Restore. The script fills in what the service knows.
 *
 * @package WpCloneRestore
 * @var \WpCloneRestore\Admin\Site            $site       This site.
 * @var \WpCloneRestore\Admin\Connection|null $connection Null while it is not connected.
 * @var bool                                  $is_local   Whether the service may not reach this site, by its looks.
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;
?>
<div class="wrap" id="wcr-page">
	<h1><?php esc_html_e( 'Clone & Restore', 'wp-clone-restore' ); ?></h1>
	<hr class="wp-header-end">
	<p class="wcr-lead"><?php esc_html_e( 'Make a private, temporary copy of this site, change the copy in peace, and bring the changes back.', 'wp-clone-restore' ); ?></p>
	<noscript><div class="notice notice-error inline"><p><?php esc_html_e( 'This page needs JavaScript.', 'wp-clone-restore' ); ?></p></div></noscript>
	<div id="wcr-message" tabindex="-1"></div>
	<?php
	require __DIR__ . '/connect.php';
	?>
	<div id="wcr-main" <?php echo null === $connection ? 'hidden' : ''; ?>>
		<section class="wcr-card" id="wcr-progress" aria-labelledby="wcr-progress-title" hidden></section>
		<?php require __DIR__ . '/new-clone.php'; ?>
		<section class="wcr-card" aria-labelledby="wcr-clones-title">
			<h2 id="wcr-clones-title"><?php esc_html_e( 'Clones of this site', 'wp-clone-restore' ); ?></h2>
			<ul id="wcr-clones" class="wcr-list"></ul>
			<p id="wcr-no-clones" class="description"><?php esc_html_e( 'Looking for clones…', 'wp-clone-restore' ); ?></p>
		</section>
		<section class="wcr-card" id="wcr-restore" aria-labelledby="wcr-restore-title" tabindex="-1" hidden></section>
		<section class="wcr-card" id="wcr-history-card" aria-labelledby="wcr-history-title" hidden>
			<h2 id="wcr-history-title"><?php esc_html_e( 'Restores to this site', 'wp-clone-restore' ); ?></h2>
			<ul id="wcr-history" class="wcr-list"></ul>
		</section>
		<p class="wcr-connection">
			<span id="wcr-connected-to"></span>
			<button type="button" class="button-link" id="wcr-disconnect"><?php esc_html_e( 'Disconnect', 'wp-clone-restore' ); ?></button>
		</p>
	</div>
</div>
