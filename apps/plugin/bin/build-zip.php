<?php
/**
 * Builds the plugin's zip: `php build-zip.php <file>`. The same sources give the same bytes.
 */

declare(strict_types=1);

const WCR_ZIP_TIME  = 315532800; // 1980-01-01, the earliest a zip can tell.
const WCR_ZIP_LIMIT = 1048576;

/**
 * What is needed at run time, relative to the plugin's folder, sorted by bytes.
 *
 * @return array<int, string>
 */
function wcr_zip_files( string $root ): array {
	$files = array( 'wp-clone-restore.php', 'standalone.php', 'uninstall.php' );
	foreach ( array( 'assets', 'includes', 'views' ) as $folder ) {
		$all = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( "$root/$folder", FilesystemIterator::SKIP_DOTS ) );
		foreach ( $all as $file ) {
			if ( $file->isFile() && '.' !== $file->getBasename()[0] ) {
				$files[] = substr( $file->getPathname(), strlen( $root ) + 1 );
			}
		}
	}
	sort( $files, SORT_STRING );
	return $files;
}

function wcr_build_zip( string $root, string $out ): void {
	// Another process may be reading the former one.
	$draft = $out . '.' . getmypid() . '.tmp';
	$zip   = new ZipArchive();
	if ( true !== $zip->open( $draft, ZipArchive::CREATE | ZipArchive::OVERWRITE ) ) {
		throw new RuntimeException( "Cannot write $draft" );
	}
	$sources            = array_combine( wcr_zip_files( $root ), wcr_zip_files( $root ) );
	$sources['LICENSE'] = '../../LICENSE';
	foreach ( $sources as $name => $source ) {
		$entry = 'wp-clone-restore/' . $name;
		$zip->addFromString( $entry, (string) file_get_contents( "$root/$source" ) );
		$zip->setMtimeName( $entry, WCR_ZIP_TIME );
		$zip->setExternalAttributesName( $entry, ZipArchive::OPSYS_UNIX, 0100644 << 16 );
	}
	if ( ! $zip->close() || filesize( $draft ) >= WCR_ZIP_LIMIT ) {
		unlink( $draft );
		throw new RuntimeException( 'The zip could not be written, or is larger than WordPress hosts take.' );
	}
	rename( $draft, $out );
}

if ( 2 !== $argc ) {
	fwrite( STDERR, "Usage: php build-zip.php <file>\n" );
	exit( 2 );
}
date_default_timezone_set( 'UTC' );
wcr_build_zip( dirname( __DIR__ ), $argv[1] );
