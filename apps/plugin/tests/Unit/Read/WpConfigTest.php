<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Read;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Read\Facts\WpConfig;

final class WpConfigTest extends TestCase {

	public function test_literal_constants_are_carried_over(): void {
		$config = new WpConfig(
			'<?php
			define( "WP_MEMORY_LIMIT", "256M" ); // a comment
			define("WP_POST_REVISIONS",5);
			DEFINE( \'EMPTY_TRASH_DAYS\', -1, true );
			define( \'RATIO\', 0.5 ); define( \'ON\', TRUE ); define( \'OFF\', false ); define( \'NOTHING\', null );
			define( \'QUOTED\', \'it\\\'s\' );
			/* define( "COMMENTED", 1 ); */
			define( "FIRST", 1 ); define( "FIRST", 2 );
			define( "UPLOADS", "media" ); define( "SHOP_LICENCE", "L-1" );
			$x = "define( \'IN_STRING\', 1 );";'
		);
		self::assertSame(
			array(
				'WP_MEMORY_LIMIT'   => '256M',
				'WP_POST_REVISIONS' => 5,
				'EMPTY_TRASH_DAYS'  => -1,
				'RATIO'             => 0.5,
				'ON'                => true,
				'OFF'               => false,
				'NOTHING'           => null,
				'QUOTED'            => "it's",
				'FIRST'             => 1,
				'UPLOADS'           => 'media',
				'SHOP_LICENCE'      => 'L-1',
			),
			$config->constants
		);
		self::assertSame( array(), $config->skipped );
	}

	public function test_secrets_are_not_even_named(): void {
		$names = array( 'DB_PASSWORD', 'DB_HOST', 'AUTH_KEY', 'NONCE_SALT', 'WP_CACHE_KEY_SALT', 'AWS_SECRET_ACCESS_KEY', 'SMTP_PASS', 'STRIPE_TOKEN', 'FTP_USER', 'SHOP_LICENCE_KEY' );
		foreach ( $names as $name ) {
			$config = new WpConfig( "<?php define( '$name', 'value' ); define( '$name', getenv( 'X' ) );" );
			self::assertSame( array( array(), array() ), array( $config->constants, $config->skipped ), $name );
		}
	}

	public function test_addresses_and_folders_of_the_host_stay_there(): void {
		$names = array( 'WP_HOME', 'WP_SITEURL', 'WP_CONTENT_URL', 'WP_CONTENT_DIR', 'COOKIE_DOMAIN', 'COOKIEPATH', 'ADMIN_COOKIE_PATH', 'WP_CACHE', 'WP_DEBUG', 'WP_DEBUG_LOG', 'DOMAIN_CURRENT_SITE' );
		foreach ( $names as $name ) {
			self::assertSame( array(), ( new WpConfig( "<?php define( '$name', 'value' );" ) )->constants, $name );
		}
	}

	public function test_what_depends_on_something_is_only_named(): void {
		$code   = '<?php define( "A", __DIR__ . "/x" ); define( "B", getenv( "B" ) ); define( "C", "/var/www/x" ); define( "D", "https://cdn.example" );
			if ( $x ) { define( "E", 1 ); } if ( $y ) define( "F", 1 ); defined( "G" ) || define( "G", 1 ); define( $name, 1 );
			define( "H", "a\n" ); define( "I", 1 + 1 ); define( "J", [ 1 ] );';
		$config = new WpConfig( $code );
		self::assertSame( array(), $config->constants );
		self::assertSame( array( 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J' ), $config->skipped );
	}

	public function test_a_conditional_constant_counts_when_it_was_defined_so(): void {
		$runtime = static function ( string $name ): array {
			return array( 'E' => array( 1 ), 'F' => array( 2 ) )[ $name ] ?? array();
		};
		$config  = new WpConfig( '<?php if ( $x ) { define( "E", 1 ); } else { define( "F", 1 ); }', $runtime );
		self::assertSame( array( 'E' => 1 ), $config->constants );
		self::assertSame( array( 'F' ), $config->skipped );
	}

	public function test_broken_code_is_no_failure(): void {
		self::assertSame( array( 'A' => 1 ), ( new WpConfig( '<?php define( "A", 1 ); define( "B", ' ) )->constants );
		self::assertSame( array(), ( new WpConfig( '' ) )->constants );
	}
}
