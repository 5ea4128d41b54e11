<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Hostile;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\Dispatcher;
use WpCloneRestore\Agent\HttpCall;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\OperationRegistry;
use WpCloneRestore\Agent\PairingKeys;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Agent\SignatureVerifier;
use WpCloneRestore\Agent\StandaloneEnvironment;
use WpCloneRestore\Stream\Frame;
use WpCloneRestore\Stream\FrameReader;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Tests\Support\Fuzz;
use WpCloneRestore\Write\FileTree;

/**
 * What the dispatcher answers to those who cannot sign, and to those who sign anything.
 */
final class StrangersTest extends TestCase {

	private const NOW = 1700000000;

	/**
	 * @var string
	 */
	private $work;

	/**
	 * @var string
	 */
	private $key;

	/**
	 * How often the operation ran.
	 *
	 * @var int
	 */
	public $ran = 0;

	protected function setUp(): void {
		$this->work = sys_get_temp_dir() . '/wcr-strangers-' . bin2hex( random_bytes( 6 ) );
		$this->key  = PairingKeys::generate();
	}

	protected function tearDown(): void {
		FileTree::remove( $this->work );
	}

	public function test_every_unsigned_call_gets_the_same_answer(): void {
		$expected = $this->answer( array(), '' );
		self::assertSame( 401, $expected['status'] );
		self::assertSame( array( 'code', 'message', 'retryable' ), array_keys( $expected['frame']->meta ) );
		self::assertSame( 'agent.signature_rejected', $expected['frame']->meta['code'] );
		Fuzz::each(
			function ( string $round ) use ( $expected ): void {
				$headers = $this->signed( Fuzz::one_of( array( 'cache.reset', 'no.such', 'site.facts' ) ), 'body', self::NOW + Fuzz::one_of( array( 0, -301, 9999 ) ) );
				switch ( mt_rand( 0, 5 ) ) {
					case 0:
						unset( $headers[ Fuzz::one_of( array( 'operation', 'key-id', 'time', 'nonce', 'signature' ) ) ] );
						break;
					case 1:
						// The key of another site, named as the one of this.
						$headers = array( 'key-id' => $headers['key-id'] ) + $this->signed( 'cache.reset', 'body', self::NOW, PairingKeys::generate() );
						break;
					case 2:
						$headers['signature'] = Fuzz::changed( $headers['signature'] ) . 'x';
						break;
					case 3:
						$headers = $this->signed( 'cache.reset', 'body', self::NOW, PairingKeys::generate() );
						break;
					case 4:
						$headers['nonce'] = Fuzz::one_of( array( '', 'x', bin2hex( random_bytes( 16 ) ), str_repeat( '0', 100000 ) ) );
						break;
					default:
						$headers = array_map( 'strrev', $headers );
				}
				self::assertEquals( $expected, $this->answer( $headers, 'body' ), $round );
			}
		);
		self::assertSame( 0, $this->ran );
		// Nobody who cannot sign makes anything on the disk.
		self::assertFileDoesNotExist( $this->work );
	}

	public function test_a_changing_call_runs_once_however_it_comes_again(): void {
		$body    = self::body( '{}' );
		$first   = $this->signed( 'cache.reset', $body, self::NOW );
		$second  = $this->signed( 'cache.reset', $body, self::NOW + 1 );
		$earlier = $this->signed( 'cache.reset', $body, self::NOW - 299 );
		foreach ( array( $second, $first, $earlier ) as $headers ) {
			self::assertSame( 'E', $this->answer( $headers, $body )['frame']->kind );
		}
		foreach ( array( $first, $second, $earlier, $first ) as $headers ) {
			self::assertSame( 'agent.replayed', $this->answer( $headers, $body )['frame']->meta['code'] );
		}
		// Neither a nonce in another case nor one that is part of two makes it a new call.
		foreach ( array( strtoupper( $first['nonce'] ), substr( $first['nonce'], 0, 16 ), "\n", $first['nonce'] . "\n" ) as $nonce ) {
			$headers = $this->signed( 'cache.reset', $body, self::NOW, null, $nonce );
			self::assertContains( $this->answer( $headers, $body )['frame']->meta['code'] ?? 'E', array( 'agent.signature_rejected', 'agent.replayed' ), $nonce );
		}
		self::assertSame( 3, $this->ran );
	}

	public function test_a_body_that_makes_no_sense_has_a_name_even_when_it_is_signed(): void {
		Fuzz::each(
			function ( string $round ): void {
				$body   = Fuzz::one_of( array( Fuzz::bytes( 100 ), Frame::MAGIC . Fuzz::bytes( 100 ), Fuzz::changed( self::body( '{"a":1}' ) ), self::body( Fuzz::bytes( 20 ) ), self::body( (string) json_encode( Fuzz::value() ) ) ) );
				$answer = $this->answer( $this->signed( 'site.facts', $body, self::NOW ), $body );
				self::assertSame( 200, $answer['status'], $round );
				self::assertContains( $answer['frame']->meta['code'] ?? 'E', array( 'E', 'agent.malformed', 'agent.truncated' ), $round );
			}
		);
	}

	public function test_a_body_that_php_threw_away_is_explained_to_no_stranger(): void {
		$headers = $this->signed( 'cache.reset', 'body', self::NOW, PairingKeys::generate() );
		self::assertSame( 'agent.signature_rejected', $this->answer( $headers, '', 1 << 40 )['frame']->meta['code'] );
	}

	/**
	 * @return array<string, string>
	 */
	private function signed( string $operation, string $body, int $time, ?string $key = null, ?string $nonce = null ): array {
		$key   = $key ?? $this->key;
		$nonce = $nonce ?? bin2hex( random_bytes( 16 ) );
		return array(
			'operation' => $operation,
			'key-id'    => PairingKeys::id_of( $key ),
			'time'      => (string) $time,
			'nonce'     => $nonce,
			'signature' => SignatureVerifier::sign( $key, $operation, hash( 'sha256', $body ), (string) $time, $nonce ),
		);
	}

	/**
	 * @param array<string, string> $headers Headers.
	 * @return array{status: int, frame: Frame} The status and the last frame.
	 */
	private function answer( array $headers, string $body, int $announced = 0 ): array {
		$environment = new StandaloneEnvironment(
			array(
				'pairing_key' => $this->key,
				'root'        => $this->work . '/site',
				'work'        => $this->work . '/work',
				'url'         => 'http://clone.example',
				'db'          => array(),
			)
		);
		$in = fopen( 'php://memory', 'w+b' );
		fwrite( $in, $body );
		$out    = fopen( 'php://memory', 'w+b' );
		$status = 0;
		( new Dispatcher( $environment, new OperationRegistry( array( $this->operation( 'cache.reset', true ), $this->operation( 'site.facts', false ) ) ) ) )->answer(
			new HttpCall( $headers, $in, $announced ),
			new FrameWriter( $out ),
			self::NOW,
			static function ( int $given ) use ( &$status ): void {
				$status = $given;
			}
		);
		rewind( $out );
		$frames = iterator_to_array( ( new FrameReader( $out ) )->frames(), false );
		return array(
			'status' => $status,
			'frame'  => end( $frames ),
		);
	}

	private function operation( string $name, bool $mutates ): Operation {
		return new class( $this, $name, $mutates ) implements Operation {
			/**
			 * @var StrangersTest
			 */
			private $test;

			/**
			 * @var string
			 */
			private $name;

			/**
			 * @var bool
			 */
			private $mutates;

			public function __construct( StrangersTest $test, string $name, bool $mutates ) {
				$this->test    = $test;
				$this->name    = $name;
				$this->mutates = $mutates;
			}

			public function name(): string {
				return $this->name;
			}

			public function mutates(): bool {
				return $this->mutates;
			}

			public function handle( Request $request, FrameWriter $out ): void {
				++$this->test->ran;
				iterator_to_array( $request->frames(), false );
			}
		};
	}

	private static function body( string $meta ): string {
		$frame = 'Q' . chr( 0 ) . pack( 'NN', strlen( $meta ), 0 ) . $meta;
		return Frame::MAGIC . $frame . pack( 'N', crc32( $frame ) );
	}
}
