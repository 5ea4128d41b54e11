<?php
/**
 * Pictures of the sample: drawn, not photographed.
 */

declare(strict_types=1);

/**
 * Makes pictures with all their sizes.
 *
 * @return int[] Attachment ids.
 */
function wcr_sample_media( int $count ): array {
	$ids = array();
	for ( $number = 1; $number <= $count; $number++ ) {
		$ids[] = wcr_sample_picture( $number, 2 === $number ? 'grüner Tee.jpg' : 'picture-' . $number . '.png' );
	}
	return $ids;
}

function wcr_sample_picture( int $number, string $name ): int {
	$folder = wp_upload_dir( '2024/05' );
	$file   = $folder['path'] . '/' . $name;
	$image  = imagecreatetruecolor( 960, 640 );
	imagefill( $image, 0, 0, (int) imagecolorallocate( $image, 37 * $number % 256, 91 * $number % 256, 143 ) );
	for ( $ring = 0; $ring < 12; $ring++ ) {
		$colour = (int) imagecolorallocate( $image, 20 * $ring, 255 - 20 * $ring, 13 * $number % 256 );
		imagefilledellipse( $image, 80 * $ring, 40 + 50 * ( ( $ring * $number ) % 12 ), 90, 90, $colour );
	}
	if ( '.jpg' === substr( $name, -4 ) ) {
		imagejpeg( $image, $file, 85 );
	} else {
		imagepng( $image, $file, 6 );
	}
	imagedestroy( $image );

	$id = wp_insert_attachment(
		array(
			'post_title'     => 'Picture ' . $number,
			'post_mime_type' => '.jpg' === substr( $name, -4 ) ? 'image/jpeg' : 'image/png',
			'post_status'    => 'inherit',
			'post_excerpt'   => 'A caption with an emoji 🙂',
		),
		$file,
		0,
		true
	);
	if ( is_wp_error( $id ) ) {
		throw new RuntimeException( $id->get_error_message() );
	}
	wp_update_attachment_metadata( $id, wp_generate_attachment_metadata( $id, $file ) );
	update_post_meta( $id, '_wp_attachment_image_alt', 'Rings, number ' . $number );
	return $id;
}
