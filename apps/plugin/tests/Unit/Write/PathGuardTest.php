<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Write;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Write\FileTree;
use WpCloneRestore\Write\PathGuard;

final class PathGuardTest extends TestCase {

	/**
	 * @var string
	 */
	private $dir;

	/**
	 * @var PathGuard
	 */
	private $guard;

	protected function setUp(): void {
		$this->dir = (string) realpath( sys_get_temp_dir() ) . '/wcr-guard-' . bin2hex( random_bytes( 6 ) );
		mkdir( $this->dir . '/site/wp-content/work/sessions', 0700, true );
		$this->guard = new PathGuard( $this->dir . '/site/', $this->dir . '/site/wp-content/work/' );
	}

	protected function tearDown(): void {
		FileTree::remove( $this->dir );
		self::assertDirectoryDoesNotExist( $this->dir );
	}

	/**
	 * @dataProvider provide_good_paths
	 */
	public function test_a_path_inside_is_taken_as_it_is( string $path ): void {
		self::assertSame( $path, $this->guard->decode( rtrim( strtr( base64_encode( $path ), '+/', '-_' ), '=' ) ) );
	}

	/**
	 * @return array<int, array{0: string}>
	 */
	public function provide_good_paths(): array {
		return array( array( 'index.php' ), array( 'a/b/c' ), array( '.htaccess' ), array( 'a/...' ), array( '..a/b..' ), array( "\xff\xfe" ), array( 'a b\\c' ), array( 'wp-content/workshop/x' ) );
	}

	/**
	 * @dataProvider provide_bad_paths
	 */
	public function test_a_path_that_leaves_is_refused( string $path ): void {
		$this->expectExceptionObject( AgentError::path_refused( $path ) );
		$this->guard->check( $path );
	}

	/**
	 * @return array<int, array{0: string}>
	 */
	public function provide_bad_paths(): array {
		return array( array( '' ), array( '/' ), array( '/a' ), array( 'a/' ), array( 'a//b' ), array( '.' ), array( './a' ), array( '..' ), array( '../a' ), array( 'a/..' ), array( 'a/../b' ), array( "a\0" ), array( 'wp-content/work' ), array( 'wp-content/work/sessions/x' ), array( str_repeat( 'a', 256 ) ), array( str_repeat( 'a/', 2000 ) . 'a' ) );
	}

	public function test_what_is_no_base64_is_refused(): void {
		$this->expectException( AgentError::class );
		$this->guard->decode( '!!' );
	}

	/**
	 * @dataProvider provide_targets
	 */
	public function test_a_link_may_only_point_inside( bool $good, string $link, string $target ): void {
		$target = str_replace( '{root}', $this->dir . '/site', $target );
		try {
			$this->guard->check_target( $link, $target );
			self::assertTrue( $good, "{$link} -> {$target} was taken" );
		} catch ( AgentError $error ) {
			self::assertFalse( $good, "{$link} -> {$target} was refused" );
		}
	}

	/**
	 * @return array<int, array{0: bool, 1: string, 2: string}>
	 */
	public function provide_targets(): array {
		return array(
			array( true, 'l', 'a' ),
			array( true, 'l', './a/b' ),
			array( true, 'a/l', '../b' ),
			array( true, 'a/b/l', '../../c' ),
			array( true, 'a/l', '..' ),
			array( true, 'l', '{root}/a' ),
			array( true, 'l', '..a' ),
			array( false, 'l', '..' ),
			array( false, 'l', '../a' ),
			array( false, 'a/l', '../../a' ),
			array( false, 'a/b/l', 'c/../../d' ),
			array( false, 'l', '/etc' ),
			array( false, 'l', '{root}x/a' ),
			array( false, 'l', '{root}/../a' ),
			array( false, 'l', '' ),
			array( false, 'l', "a\0b" ),
			array( false, 'l', 'wp-content/work/sessions' ),
			array( false, 'wp-content/l', 'work' ),
		);
	}

	public function test_a_folder_above_the_work_folder_is_known(): void {
		self::assertTrue( $this->guard->is_above_work( 'wp-content' ) );
		self::assertFalse( $this->guard->is_above_work( 'wp-content/themes' ) );
	}

	public function test_a_parent_that_leads_out_is_refused(): void {
		mkdir( $this->dir . '/elsewhere' );
		symlink( '../elsewhere', $this->dir . '/site/out' );
		symlink( 'wp-content', $this->dir . '/site/in' );
		$this->guard->check_parents( $this->guard->root(), 'in/a' );
		$this->expectException( AgentError::class );
		$this->guard->check_parents( $this->guard->root(), 'out/a/b' );
	}
}
