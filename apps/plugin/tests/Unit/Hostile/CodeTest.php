<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Hostile;

use FilesystemIterator;
use PHPUnit\Framework\TestCase;
use RecursiveDirectoryIterator;
use RecursiveIteratorIterator;
use SplFileInfo;

/**
 * What the plugin's own code must never do with what others have written.
 */
final class CodeTest extends TestCase {

	/** The one place that calls anybody: the service whose address an administrator has typed. */
	private const CALLER = 'includes/Admin/ServiceClient.php';

	/** Functions that make objects, code or commands of a text. */
	private const FORBIDDEN = '/^(maybe_)?unserialize$|^create_function$|^assert$|^extract$|^(shell_|pcntl_)?exec$|^system$|^passthru$|^popen$|^proc_open$|^igbinary_unserialize$|^msgpack_unpack$|^wp_remote_|^curl_|^fsockopen$|^call_user_func/i';

	public function test_nothing_of_others_becomes_an_object_code_a_command_or_a_request(): void {
		$plugin = dirname( __DIR__, 3 );
		$files  = glob( $plugin . '/*.php' );
		foreach ( array( 'includes', 'views', 'clone-guard' ) as $folder ) {
			$inside = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $plugin . '/' . $folder, FilesystemIterator::SKIP_DOTS ) );
			foreach ( $inside as $file ) {
				assert( $file instanceof SplFileInfo );
				$files[] = $file->getPathname();
			}
		}
		self::assertGreaterThan( 100, count( $files ) );
		foreach ( $files as $file ) {
			$allowed = $plugin . '/' . self::CALLER === $file ? array( 'wp_remote_request', 'wp_remote_retrieve_response_code', 'wp_remote_retrieve_body' ) : array();
			self::assertSame( $allowed, self::found_in( (string) file_get_contents( $file ) ), $file );
		}
	}

	/** The rule itself, on code that breaks it. */
	public function test_the_rule_sees_what_it_is_for(): void {
		$code = '<?php $a = @unserialize( $x ); \maybe_unserialize( $x ); eval( $x ); $y = `id`; // unserialize( $x )
			$this->exec( $sql ); $b = "unserialize( $x )"; Database::exec( $x ); function exec() {} shell_exec ( $x );';
		self::assertSame( array( 'unserialize', 'maybe_unserialize', 'eval', '`', 'shell_exec' ), self::found_in( $code ) );
	}

	/**
	 * @return array<int, string>
	 */
	private static function found_in( string $code ): array {
		$tokens = array_values(
			array_filter(
				token_get_all( $code ),
				static function ( $token ): bool {
					return ! is_array( $token ) || ! in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT ), true );
				}
			)
		);
		$found  = array();
		foreach ( $tokens as $at => $token ) {
			$text   = is_array( $token ) ? $token[1] : $token;
			$before = $at > 0 && is_array( $tokens[ $at - 1 ] ) ? $tokens[ $at - 1 ][0] : 0;
			$method = in_array( $before, array( T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_NEW ), true );
			if ( is_array( $token ) && T_EVAL === $token[0] ) {
				$found[] = $text;
			} elseif ( '`' === $token && ! in_array( '`', $found, true ) ) {
				$found[] = $text;
			} elseif ( is_array( $token ) && '(' === ( $tokens[ $at + 1 ] ?? '' ) && ! $method && preg_match( self::FORBIDDEN, ltrim( $text, '\\' ) ) ) {
				$found[] = ltrim( $text, '\\' );
			}
		}
		return $found;
	}
}
