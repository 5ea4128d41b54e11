<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Schema;

/**
 * Takes SQL apart that the server itself printed (SHOW CREATE …) without being misled by quotes.
 */
final class SqlText {

	/** A quoted name or a quoted text. */
	private const QUOTED = '`[^`]*+(?:``[^`]*+)*+`|\'[^\'\\\\]*+(?:(?:\'\'|\\\\.)[^\'\\\\]*+)*+\'|"[^"\\\\]*+(?:(?:""|\\\\.)[^"\\\\]*+)*+"';

	/**
	 * Splits SQL into tokens: quoted things whole, words, white space, and single other characters. Joined they are the SQL.
	 *
	 * @return array<int, string>
	 */
	public static function tokens( string $sql ): array {
		preg_match_all( '~' . self::QUOTED . '|[\w$@\x80-\xff]++|\s++|.~s', $sql, $match );
		return $match[0];
	}

	/**
	 * Splits `CREATE TABLE … (a, b) tail` into head, definitions and tail.
	 *
	 * @return array{0: string, 1: array<int, string>, 2: string} Head up to and with `(`, trimmed definitions, tail from `)` on.
	 */
	public static function split_create_table( string $sql ): array {
		$head        = '';
		$definitions = array();
		$tail        = '';
		$current     = '';
		$depth       = 0;
		$closed      = false;
		foreach ( self::tokens( $sql ) as $token ) {
			if ( $closed ) {
				$tail .= $token;
				continue;
			}
			$depth += '(' === $token ? 1 : ( ')' === $token ? -1 : 0 );
			if ( 0 === $depth && ')' === $token ) {
				$closed        = true;
				$definitions[] = trim( $current );
				$tail          = $token;
			} elseif ( 0 === $depth || ( 1 === $depth && '(' === $token ) ) {
				$head .= $token;
			} elseif ( 1 === $depth && ',' === $token ) {
				$definitions[] = trim( $current );
				$current       = '';
			} else {
				$current .= $token;
			}
		}
		return array( $head, $definitions, $tail );
	}

	/** The name inside backticks. */
	public static function unquote_identifier( string $token ): string {
		return str_replace( '``', '`', substr( $token, 1, -1 ) );
	}

	/** True for a name inside backticks. */
	public static function is_identifier( string $token ): bool {
		return '`' === $token[0] && strlen( $token ) > 1;
	}

	/**
	 * Replaces every quoted name.
	 *
	 * @param callable(string, int, array<int, string>): ?string $replace Gets the unquoted name, its place and all tokens; null keeps it.
	 */
	public static function map_identifiers( string $sql, callable $replace ): string {
		$tokens = self::tokens( $sql );
		$result = $tokens;
		foreach ( $tokens as $at => $token ) {
			if ( self::is_identifier( $token ) ) {
				$result[ $at ] = $replace( self::unquote_identifier( $token ), $at, $tokens ) ?? $token;
			}
		}
		return implode( '', $result );
	}
}
