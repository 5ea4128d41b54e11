<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Agent;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\NonceStore;
use WpCloneRestore\Support\WorkFolder;

final class NonceStoreTest extends TestCase {

	/**
	 * @var string
	 */
	private $dir;

	protected function setUp(): void {
		$this->dir = WorkFolder::ensure( sys_get_temp_dir() . '/wcr-nonces-' . bin2hex( random_bytes( 6 ) ) . '/' );
	}

	protected function tearDown(): void {
		WorkFolder::remove( $this->dir );
		self::assertDirectoryDoesNotExist( $this->dir );
	}

	public function test_a_nonce_is_taken_once(): void {
		$store = new NonceStore( $this->dir );
		$store->take( 'aa', 1000, 1000 );
		$store->take( 'bb', 1000, 1000 );
		$this->expectException( AgentError::class );
		$store->take( 'aa', 1000, 1200 );
	}

	public function test_what_can_no_longer_be_replayed_is_forgotten(): void {
		$store = new NonceStore( $this->dir );
		for ( $time = 0; $time < 100000; $time += 300 ) {
			$store->take( "nonce$time", $time, $time );
		}
		self::assertLessThanOrEqual( 3, count( glob( $this->dir . 'nonces-*' ) ) );
	}
}
