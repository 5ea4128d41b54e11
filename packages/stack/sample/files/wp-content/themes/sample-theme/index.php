<?php
/**
 * The one template of the sample theme.
 */

declare(strict_types=1);

$sample_header = get_theme_mod( 'sample_header' );
?><!DOCTYPE html>
<html <?php language_attributes(); ?>>
<head>
	<meta charset="<?php bloginfo( 'charset' ); ?>">
	<?php wp_head(); ?>
</head>
<body <?php body_class(); ?>>
	<?php wp_body_open(); ?>
	<header class="hero">
		<a href="<?php echo esc_url( SAMPLE_THEME_HOME ); ?>"><?php bloginfo( 'name' ); ?></a>
		<?php if ( is_object( $sample_header ) ) : ?>
			<img class="header-image" alt="" src="<?php echo esc_url( $sample_header->url ); ?>">
		<?php endif; ?>
		<?php wp_nav_menu( array( 'theme_location' => 'main' ) ); ?>
	</header>
	<main>
		<?php while ( have_posts() ) : ?>
			<?php the_post(); ?>
			<article id="post-<?php the_ID(); ?>">
				<h2><a href="<?php the_permalink(); ?>"><?php the_title(); ?></a></h2>
				<?php the_post_thumbnail( 'medium' ); ?>
				<?php the_content(); ?>
			</article>
		<?php endwhile; ?>
	</main>
	<aside><?php dynamic_sidebar( 'sidebar-1' ); ?></aside>
	<?php wp_footer(); ?>
</body>
</html>
