<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Admin;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Admin\Input;
use WpCloneRestore\Admin\PageCalls;
use WpCloneRestore\Admin\Problem;
use WpCloneRestore\Admin\Site;
use WpCloneRestore\Tests\Support\RecordingService;

/**
 * What the page's calls ask of the service, and what they tell the browser.
 */
final class PageCallsTest extends TestCase {

	private const KEY    = 'f00d';
	private const CLONE  = 'clone-20300131-120000-k3x9';
	private const ACCESS = array(
		'url'        => 'https://Shop.example/blog',
		'pairingKey' => self::KEY,
	);

	public function test_a_clone_is_asked_for_with_the_pairing_key_of_this_site_and_no_password(): void {
		$service = new RecordingService( array( 'POST /api/v1/clones' => array( 'job' => array( 'id' => 'clone-1' ) ) ) );
		$input   = array(
			'ttlMinutes'   => 240,
			'name'         => ' Before ',
			'excludePaths' => "wp-content/cache*\r\n\n  backups  ",
			'request'      => 'abc',
		);
		self::assertSame( array( 'jobId' => 'clone-1' ), $this->relay( $service, 'clone', $input ) );
		$body = array(
			'source'     => self::ACCESS,
			'ttlMinutes' => 240,
			'name'       => 'Before',
			'exclude'    => array( 'paths' => array( 'wp-content/cache*', 'backups' ) ),
		);
		self::assertSame( array( array( 'POST', '/api/v1/clones', $body, 'abc' ) ), $service->calls );
	}

	public function test_a_clone_without_wishes_is_asked_for_without_any(): void {
		$service = new RecordingService();
		$this->relay( $service, 'clone', array( 'ttlMinutes' => 60 ) );
		self::assertSame( array( 'source', 'ttlMinutes' ), array_keys( (array) $service->calls[0][2] ) );
	}

	public function test_the_overview_asks_for_what_belongs_to_this_site_and_leaves_out_previews(): void {
		$restores = array(
			array(
				'id'      => 'restore-1',
				'status'  => 'completed',
				'options' => array( 'dryRun' => false ),
				'report'  => array( 'huge' ),
				'target'  => array( 'url' => 'x' ),
			),
			array(
				'id'      => 'restore-2',
				'options' => array( 'dryRun' => true ),
			),
		);
		$service  = new RecordingService(
			array(
				'GET /api/v1/clones'   => array(
					'clones' => array(
						array(
							'id'     => self::CLONE,
							'status' => 'failed',
							'source' => array( 'url' => 'x' ),
							'error'  => array(
								'code'    => 'source.unreachable',
								'message' => 'The source cannot be reached: timeout',
							),
						),
					),
				),
				'GET /api/v1/restores' => array( 'restores' => $restores ),
			)
		);
		$overview = $this->relay( $service, 'overview' );
		self::assertSame( '/api/v1/clones?limit=20&sourceUrl=https%3A%2F%2FShop.example%2Fblog', $service->calls[0][1] );
		self::assertSame( '/api/v1/restores?limit=20&targetUrl=https%3A%2F%2FShop.example%2Fblog', $service->calls[1][1] );
		self::assertSame( array( 'id', 'status', 'error' ), array_keys( $overview['clones'][0] ) );
		self::assertStringContainsString( 'must be able to open this site', $overview['clones'][0]['error']['hint'] );
		self::assertSame(
			array(
				array(
					'id'     => 'restore-1',
					'status' => 'completed',
				),
			),
			$overview['restores']
		);
	}

	public function test_a_preview_writes_nothing_and_needs_no_confirmation(): void {
		$service = new RecordingService(
			array(
				'POST /api/v1/restores' => array(
					'restore' => array( 'id' => 'restore-1' ),
					'job'     => array( 'id' => 'restore-1' ),
				),
			)
		);
		$answer  = $this->relay(
			$service,
			'preview',
			array(
				'cloneId'         => self::CLONE,
				'preservePlugins' => true,
				'verifyIntegrity' => false,
			)
		);
		self::assertSame( 'restore-1', $answer['restoreId'] );
		$body = array(
			'cloneId'                => self::CLONE,
			'target'                 => self::ACCESS,
			'dryRun'                 => true,
			'preservePlugins'        => true,
			'preserveThemes'         => false,
			'preserveUploads'        => false,
			'overwriteTargetChanges' => false,
		);
		self::assertSame( $body, $service->calls[0][2] );
	}

	/**
	 * @dataProvider wrong_confirmations
	 * @param mixed $typed What somebody typed.
	 */
	public function test_a_restore_is_refused_unless_the_host_of_this_site_was_typed( $typed ): void {
		$service = new RecordingService();
		try {
			$this->relay(
				$service,
				'restore',
				array(
					'cloneId'      => self::CLONE,
					'confirmation' => $typed,
				)
			);
			self::fail( 'It was not refused.' );
		} catch ( Problem $problem ) {
			self::assertContains( $problem->problem(), array( 'page.not_confirmed', 'page.input_invalid' ) );
		}
		self::assertSame( array(), $service->calls );
	}

	/** @return array<string, array{0: mixed}> */
	public function wrong_confirmations(): array {
		return array(
			'nothing'      => array( '' ),
			'another host' => array( 'other.example' ),
			'the address'  => array( 'https://shop.example/blog' ),
			'true'         => array( true ),
			'a list'       => array( array( 'shop.example' ) ),
		);
	}

	public function test_a_restore_goes_on_with_the_host_typed_in_any_case(): void {
		$service = new RecordingService();
		$this->relay(
			$service,
			'restore',
			array(
				'cloneId'                => self::CLONE,
				'confirmation'           => ' SHOP.example ',
				'overwriteTargetChanges' => true,
			)
		);
		self::assertFalse( $service->calls[0][2]['dryRun'] );
		self::assertTrue( $service->calls[0][2]['overwriteTargetChanges'] );
	}

	public function test_each_other_call_is_one_call_of_the_service(): void {
		$expected = array(
			'extend' => array( 'PATCH', '/api/v1/clones/' . self::CLONE ),
			'delete' => array( 'DELETE', '/api/v1/clones/' . self::CLONE ),
			'report' => array( 'GET', '/api/v1/restores/restore-1' ),
			'undo'   => array( 'POST', '/api/v1/restores/restore-1/rollback' ),
			'job'    => array( 'GET', '/api/v1/jobs/clone-1' ),
			'cancel' => array( 'POST', '/api/v1/jobs/clone-1/cancel' ),
		);
		foreach ( $expected as $call => $asked ) {
			$service = new RecordingService();
			$this->relay(
				$service,
				$call,
				array(
					'cloneId'    => self::CLONE,
					'restoreId'  => 'restore-1',
					'jobId'      => 'clone-1',
					'ttlMinutes' => 5,
				)
			);
			self::assertSame( $asked, array_slice( $service->calls[0], 0, 2 ), $call );
			self::assertCount( 1, $service->calls, $call );
		}
	}

	/**
	 * @dataProvider hostile_ids
	 * @param mixed $id What the browser sent.
	 */
	public function test_what_is_no_id_never_gets_into_an_address( $id ): void {
		$service = new RecordingService();
		foreach ( array( 'extend', 'delete', 'report', 'undo', 'job', 'cancel', 'preview' ) as $call ) {
			try {
				$this->relay(
					$service,
					$call,
					array(
						'cloneId'    => $id,
						'restoreId'  => $id,
						'jobId'      => $id,
						'ttlMinutes' => 5,
					)
				);
				self::fail( "$call took it." );
			} catch ( Problem $problem ) {
				self::assertSame( 'page.input_invalid', $problem->problem() );
			}
		}
		self::assertSame( array(), $service->calls );
	}

	/** @return array<string, array{0: mixed}> */
	public function hostile_ids(): array {
		return array(
			'a way out'  => array( '../keys' ),
			'a query'    => array( 'clone-1?x=1' ),
			'a path'     => array( 'clone-1/credentials' ),
			'encoded'    => array( 'clone-1%2fcredentials' ),
			'a new line' => array( "clone-1\n" . 'x' ),
			'nothing'    => array( '' ),
			'a number'   => array( 1 ),
			'a list'     => array( array( 'clone-1' ) ),
		);
	}

	public function test_a_life_is_a_whole_number_of_minutes(): void {
		foreach ( array( 0, -5, '60', 1.5, null ) as $minutes ) {
			try {
				$this->relay( new RecordingService(), 'clone', array( 'ttlMinutes' => $minutes ) );
				self::fail( 'It was taken.' );
			} catch ( Problem $problem ) {
				self::assertSame( 'page.input_invalid', $problem->problem() );
			}
		}
	}

	public function test_a_failed_job_is_explained_for_people_in_wp_admin(): void {
		$failed  = array(
			'id'     => 'clone-1',
			'status' => 'failed',
			'error'  => array(
				'code'    => 'source.agent_blocked',
				'message' => 'None of its addresses answers',
				'hint'    => 'for developers',
			),
			'result' => array( 'not' => 'shown' ),
		);
		$service = new RecordingService( array( 'GET /api/v1/jobs/clone-1' => $failed ) );
		$job     = $this->relay( $service, 'job', array( 'jobId' => 'clone-1' ) );
		self::assertStringContainsString( 'X-Wcr-Operation', $job['error']['hint'] );
		self::assertArrayNotHasKey( 'result', $job );
	}

	public function test_a_call_nobody_knows_is_refused(): void {
		$this->expectException( Problem::class );
		$this->relay( new RecordingService(), 'connection' );
	}

	/**
	 * @param array<string, mixed> $input What the browser sent.
	 * @return array<mixed>
	 */
	private function relay( RecordingService $service, string $call, array $input = array() ): array {
		$site  = new Site(
			'https://Shop.example/blog/',
			static function (): string {
				return self::KEY;
			}
		);
		$calls = new PageCalls(
			$site,
			static function () use ( $service ): RecordingService {
				return $service;
			}
		);
		return $calls->relay( $service, $call, new Input( $input ) );
	}
}
