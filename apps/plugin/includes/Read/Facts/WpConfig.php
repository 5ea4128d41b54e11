<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Facts;

/**
 * The constants of a wp-config.php that mean the same on another host. The file is read, never run.
 */
final class WpConfig {

	/** Secrets: neither their values nor their names leave the site. */
	private const SECRET = '/^DB_|^FTP_|KEY|SALT|SECRET|PASS|PWD|TOKEN|CREDENTIAL|AUTH|SMTP|DSN/i';

	/** Addresses and folders of this host, and what the other side decides itself. */
	private const PLACE = '/^(WP_HOME|WP_SITEURL|WP_CACHE|WP_DEBUG\w*|SCRIPT_DEBUG|SAVEQUERIES|COOKIE\w*|\w*COOKIE_(PATH|DOMAIN)|ABSPATH|WPCACHEHOME|WP_PROXY_\w+|\w*_URL|\w*_DIR|\w*_PATH|\w*_HOST|\w*DOMAIN\w*|PATH_\w+|MULTISITE|SUBDOMAIN_INSTALL|WP_ALLOW_MULTISITE|\w+_CURRENT_SITE|NOBLOGREDIRECT|WCR_\w+)$/i';

	/**
	 * Values by name.
	 *
	 * @var array<string, string|int|float|bool|null>
	 */
	public $constants = array();

	/**
	 * Names of constants that are not literal.
	 *
	 * @var array<int, string>
	 */
	public $skipped = array();

	/**
	 * Significant tokens of the file: name and text.
	 *
	 * @var array<int, array{0: int|string, 1: string}>
	 */
	private $tokens = array();

	/**
	 * @param string        $code    The file's content.
	 * @param callable|null $runtime Gets a name, tells the constant's value at run time as a list of one, or an empty list.
	 */
	public function __construct( string $code, ?callable $runtime = null ) {
		foreach ( token_get_all( $code ) as $token ) {
			if ( ! is_array( $token ) ) {
				$this->tokens[] = array( $token, $token );
			} elseif ( ! in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT ), true ) ) {
				$this->tokens[] = array( $token[0], $token[1] );
			}
		}
		$this->collect( $runtime );
	}

	/** The text of the wp-config.php of a site: in its root, or above it. Empty when there is none. */
	public static function text_of( string $root ): string {
		$above = dirname( rtrim( $root, '/' ) ) . '/';
		if ( is_readable( $root . 'wp-config.php' ) ) {
			return (string) file_get_contents( $root . 'wp-config.php' );
		}
		// As WordPress does: a folder above that is a WordPress itself does not count.
		if ( is_readable( $above . 'wp-config.php' ) && ! is_file( $above . 'wp-settings.php' ) ) {
			return (string) file_get_contents( $above . 'wp-config.php' );
		}
		return '';
	}

	private function collect( ?callable $runtime ): void {
		$depth = 0;
		foreach ( $this->tokens as $at => $token ) {
			$depth += in_array( $token[0], array( '{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES ), true ) ? 1 : ( '}' === $token[0] ? -1 : 0 );
			if ( T_STRING !== $token[0] || 'define' !== strtolower( $token[1] ) || '(' !== $this->kind( $at + 1 ) ) {
				continue;
			}
			$name = $this->string_at( $at + 2 );
			if ( null === $name || ',' !== $this->kind( $at + 3 ) || preg_match( self::SECRET, $name ) || preg_match( self::PLACE, $name ) ) {
				continue;
			}
			$value  = $this->literal_at( $at + 4 );
			$always = 0 === $depth && in_array( $this->kind( $at - 1 ), array( ';', '}', T_OPEN_TAG, '' ), true );
			if ( ! $value || self::is_place( $value[0] ) || ! ( $always || self::is_true( $runtime, $name, $value[0] ) ) ) {
				$this->skip( $name );
			} elseif ( ! array_key_exists( $name, $this->constants ) ) {
				// PHP keeps the first definition too.
				$this->constants[ $name ] = $value[0];
			}
		}
		$this->skipped = array_values( array_diff( $this->skipped, array_keys( $this->constants ) ) );
	}

	/**
	 * @return int|string Kind of a token; empty outside of the file.
	 */
	private function kind( int $at ) {
		return $this->tokens[ $at ][0] ?? '';
	}

	private function string_at( int $at ): ?string {
		return T_CONSTANT_ENCAPSED_STRING === $this->kind( $at ) ? self::unquote( $this->tokens[ $at ][1] ) : null;
	}

	/**
	 * The literal that is the whole second argument, as a list of one; empty when it is anything else.
	 *
	 * @return array<int, string|int|float|bool|null>
	 */
	private function literal_at( int $at ): array {
		$sign = '';
		if ( in_array( $this->kind( $at ), array( '-', '+' ), true ) ) {
			$sign = $this->tokens[ $at ][1];
			++$at;
		}
		$after = $this->kind( $at + 1 );
		if ( ')' !== $after && ! ( ',' === $after && ')' === $this->kind( $at + 3 ) ) ) {
			return array();
		}
		$text = $this->tokens[ $at ][1] ?? '';
		switch ( $this->kind( $at ) ) {
			case T_CONSTANT_ENCAPSED_STRING:
				return self::as_list( '' === $sign ? self::unquote( $text ) : null );
			case T_LNUMBER:
				return preg_match( '/^(0|[1-9]\d{0,17})$/D', $text ) ? array( (int) ( $sign . $text ) ) : array();
			case T_DNUMBER:
				return preg_match( '/^[\d.]+$/D', $text ) ? array( (float) ( $sign . $text ) ) : array();
			case T_STRING:
				$words = array(
					'true'  => true,
					'false' => false,
					'null'  => null,
				);
				$word  = strtolower( $text );
				return '' === $sign && array_key_exists( $word, $words ) ? array( $words[ $word ] ) : array();
			default:
				return array();
		}
	}

	/**
	 * @return array<int, string>
	 */
	private static function as_list( ?string $text ): array {
		return null === $text ? array() : array( $text );
	}

	/** The value of a quoted text; null when it has escapes that would have to be interpreted. */
	private static function unquote( string $text ): ?string {
		$inner = substr( $text, 1, -1 );
		if ( '"' === $text[0] ) {
			return false === strpos( $inner, '\\' ) ? $inner : null;
		}
		return str_replace( array( "\\'", '\\\\' ), array( "'", '\\' ), $inner );
	}

	/**
	 * @param string|int|float|bool|null $value Value.
	 */
	private static function is_place( $value ): bool {
		if ( ! is_string( $value ) ) {
			return false;
		}
		// JSON has no other bytes than UTF-8.
		return '/' === ( $value[0] ?? '' ) || false !== strpos( $value, '://' ) || 1 !== preg_match( '//u', $value );
	}

	/**
	 * Whether a definition under a condition took place.
	 *
	 * @param string|int|float|bool|null $value Value.
	 */
	private static function is_true( ?callable $runtime, string $name, $value ): bool {
		$now = null === $runtime ? array() : $runtime( $name );
		return $now && $now[0] === $value;
	}

	private function skip( string $name ): void {
		if ( ! in_array( $name, $this->skipped, true ) && 1 === preg_match( '//u', $name ) ) {
			$this->skipped[] = $name;
		}
	}
}
