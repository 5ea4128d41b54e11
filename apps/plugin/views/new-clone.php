<?php
/**
 * The form that asks for a clone.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

$wcr_lives = array(
	60    => __( '1 hour', 'wp-clone-restore' ),
	240   => __( '4 hours', 'wp-clone-restore' ),
	1440  => __( '1 day', 'wp-clone-restore' ),
	4320  => __( '3 days', 'wp-clone-restore' ),
	10080 => __( '1 week', 'wp-clone-restore' ),
);
?>
<section class="wcr-card" aria-labelledby="wcr-new-title">
	<h2 id="wcr-new-title"><?php esc_html_e( 'New clone', 'wp-clone-restore' ); ?></h2>
	<form id="wcr-new-form" class="wcr-form">
		<div class="wcr-fields">
			<p class="wcr-field">
				<label for="wcr-ttl"><?php esc_html_e( 'How long it lives', 'wp-clone-restore' ); ?></label>
				<select id="wcr-ttl">
					<?php foreach ( $wcr_lives as $wcr_minutes => $wcr_label ) : ?>
						<option value="<?php echo esc_attr( (string) $wcr_minutes ); ?>" <?php selected( 1440, $wcr_minutes ); ?>><?php echo esc_html( $wcr_label ); ?></option>
					<?php endforeach; ?>
				</select>
			</p>
			<p class="wcr-field">
				<label for="wcr-name"><?php esc_html_e( 'Name (optional)', 'wp-clone-restore' ); ?></label>
				<input type="text" id="wcr-name" class="regular-text" maxlength="100" placeholder="<?php esc_attr_e( 'Before the redesign', 'wp-clone-restore' ); ?>">
			</p>
		</div>
		<details class="wcr-details">
			<summary><?php esc_html_e( 'Leave files out', 'wp-clone-restore' ); ?></summary>
			<p class="wcr-field">
				<label for="wcr-exclude"><?php esc_html_e( 'Files and folders, one a line', 'wp-clone-restore' ); ?></label>
				<textarea id="wcr-exclude" rows="3" class="large-text code" spellcheck="false" aria-describedby="wcr-exclude-help"></textarea>
				<span class="description" id="wcr-exclude-help"><?php esc_html_e( 'As seen from WordPress’s folder, such as wp-content/uploads/backups*', 'wp-clone-restore' ); ?></span>
			</p>
		</details>
		<p><button type="submit" class="button button-primary"><?php esc_html_e( 'Clone this site', 'wp-clone-restore' ); ?></button></p>
	</form>
</section>
