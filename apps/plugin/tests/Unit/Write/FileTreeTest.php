<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Write;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Write\FileTree;

final class FileTreeTest extends TestCase {

	/**
	 * @var string
	 */
	private $dir;

	protected function setUp(): void {
		$this->dir = sys_get_temp_dir() . '/wcr-tree-' . bin2hex( random_bytes( 6 ) );
		mkdir( $this->dir . '/kept', 0700, true );
		file_put_contents( $this->dir . '/kept/file', 'x' );
	}

	protected function tearDown(): void {
		FileTree::remove( $this->dir );
	}

	public function test_removing_a_folder_does_not_follow_its_links(): void {
		mkdir( $this->dir . '/gone/deep', 0700, true );
		symlink( '../../kept', $this->dir . '/gone/deep/link' );
		symlink( 'nowhere', $this->dir . '/gone/dangling' );
		FileTree::remove( $this->dir . '/gone' );
		FileTree::remove( $this->dir . '/gone' );
		self::assertFalse( FileTree::exists( $this->dir . '/gone' ) );
		self::assertFileExists( $this->dir . '/kept/file' );
	}

	public function test_moving_makes_the_folders_above(): void {
		FileTree::move( $this->dir . '/kept', $this->dir . '/a/b/c' );
		self::assertFileExists( $this->dir . '/a/b/c/file' );
	}

	public function test_a_dangling_link_exists(): void {
		symlink( 'nowhere', $this->dir . '/dangling' );
		self::assertTrue( FileTree::exists( $this->dir . '/dangling' ) );
	}
}
