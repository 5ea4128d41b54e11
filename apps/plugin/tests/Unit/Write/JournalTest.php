<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Write;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Write\FileTree;
use WpCloneRestore\Write\Journal;

final class JournalTest extends TestCase {

	/**
	 * @var string
	 */
	private $dir;

	protected function setUp(): void {
		$this->dir = sys_get_temp_dir() . '/wcr-journal-' . bin2hex( random_bytes( 6 ) );
		mkdir( $this->dir );
	}

	protected function tearDown(): void {
		FileTree::remove( $this->dir );
		self::assertDirectoryDoesNotExist( $this->dir );
	}

	public function test_what_is_set_is_there_for_the_next_request(): void {
		$journal = new Journal( $this->dir . '/j.json' );
		self::assertFalse( $journal->exists() );
		$journal->set( array( 'phase' => 'open' ) );
		$journal->set( array( 'keep' => true ) );
		$next = new Journal( $this->dir . '/j.json' );
		self::assertTrue( $next->exists() );
		self::assertSame( array( 'open', true, 'none' ), array( $next->get( 'phase' ), $next->get( 'keep' ), $next->get( 'x', 'none' ) ) );
	}

	public function test_two_requests_do_not_lose_each_others_changes(): void {
		$one = new Journal( $this->dir . '/j.json' );
		$two = new Journal( $this->dir . '/j.json' );
		$add = static function ( string $name ): callable {
			return static function ( array $data ) use ( $name ): array {
				return array( 'tables' => array_merge( $data['tables'] ?? array(), array( $name ) ) );
			};
		};
		$one->update( $add( 'a' ) );
		$two->update( $add( 'b' ) );
		$one->load();
		self::assertSame( array( 'a', 'b' ), $one->get( 'tables' ) );
	}

	public function test_a_write_that_was_cut_short_leaves_the_former_journal(): void {
		$journal = new Journal( $this->dir . '/j.json' );
		$journal->set( array( 'phase' => 'open' ) );
		file_put_contents( $this->dir . '/j.json.part', '{"phase":"comm' );
		self::assertSame( 'open', ( new Journal( $this->dir . '/j.json' ) )->get( 'phase' ) );
	}

	public function test_what_json_cannot_hold_is_refused_and_changes_nothing(): void {
		$journal = new Journal( $this->dir . '/j.json' );
		$journal->set( array( 'phase' => 'open' ) );
		try {
			$journal->set( array( 'phase' => "\xff" ) );
			self::fail( 'taken' );
		} catch ( AgentError $error ) {
			self::assertSame( 'open', ( new Journal( $this->dir . '/j.json' ) )->get( 'phase' ) );
		}
	}

	public function test_a_folder_that_is_gone_has_a_name(): void {
		$journal = new Journal( $this->dir . '/j.json' );
		FileTree::remove( $this->dir );
		try {
			@$journal->set( array( 'phase' => 'open' ) );
			self::fail( 'written' );
		} catch ( AgentError $error ) {
			self::assertSame( 'target.not_writable', $error->error_code() );
		}
	}
}
