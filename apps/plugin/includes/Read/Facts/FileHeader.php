<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Facts;

/**
 * The header comment of a plugin or theme, read as WordPress reads it (`get_file_data()`).
 */
final class FileHeader {

	private const BYTES = 8192;

	/**
	 * @param array<int, string> $names Names of fields, e.g. `Plugin Name`.
	 * @return array<string, string> Values by name; empty texts for what is not there.
	 */
	public static function read( string $file, array $names ): array {
		$text = is_file( $file ) ? @file_get_contents( $file, false, null, 0, self::BYTES ) : ''; // phpcs:ignore WordPress.PHP.NoSilencedErrors
		return self::parse( (string) $text, $names );
	}

	/**
	 * @param array<int, string> $names Names of fields.
	 * @return array<string, string> Values by name.
	 */
	public static function parse( string $text, array $names ): array {
		$text   = str_replace( "\r", "\n", $text );
		$values = array();
		foreach ( $names as $name ) {
			$found           = preg_match( '/^(?:[ \t]*<\?php)?[ \t\/*#@]*' . preg_quote( $name, '/' ) . ':(.*)$/mi', $text, $match );
			$values[ $name ] = $found ? trim( (string) preg_replace( '/\s*(?:\*\/|\?>).*/', '', $match[1] ) ) : '';
		}
		return $values;
	}
}
