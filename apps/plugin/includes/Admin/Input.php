<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * What the page's script has sent, piece by piece. Whatever is not as the script sends it is refused.
 */
final class Input {

	private const ID         = '/^[a-z]+-[0-9a-z-]{1,100}$/D';
	private const MOST_PATHS = 200;

	/**
	 * @var array<mixed>
	 */
	private $values;

	/**
	 * @param array<mixed> $values JSON object.
	 */
	public function __construct( array $values ) {
		$this->values = $values;
	}

	/** The id of a clone, restore or job; it goes into addresses. */
	public function id( string $name ): string {
		$id = $this->text( $name );
		if ( ! preg_match( self::ID, $id ) ) {
			throw self::refusal( $name );
		}
		return $id;
	}

	public function text( string $name, int $longest = 2048 ): string {
		$text = $this->values[ $name ] ?? '';
		if ( ! is_string( $text ) || strlen( $text ) > $longest ) {
			throw self::refusal( $name );
		}
		return trim( $text );
	}

	public function minutes( string $name ): int {
		$minutes = $this->values[ $name ] ?? null;
		if ( ! is_int( $minutes ) || $minutes < 1 ) {
			throw self::refusal( $name );
		}
		return $minutes;
	}

	public function flag( string $name ): bool {
		return true === ( $this->values[ $name ] ?? false );
	}

	/**
	 * @return array<int, string>
	 */
	public function lines( string $name ): array {
		$lines = array_map( 'trim', explode( "\n", str_replace( "\r", '', $this->text( $name, 65536 ) ) ) );
		$lines = array_values( array_filter( $lines, 'strlen' ) );
		if ( count( $lines ) > self::MOST_PATHS ) {
			throw self::refusal( $name );
		}
		return $lines;
	}

	private static function refusal( string $name ): Problem {
		/* translators: %s: name of a field. */
		return new Problem( 'page.input_invalid', sprintf( __( 'The field “%s” cannot be used as it is.', 'wp-clone-restore' ), $name ) );
	}
}
