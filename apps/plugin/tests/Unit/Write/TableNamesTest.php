<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Write;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Write\FileTree;
use WpCloneRestore\Write\Session;
use WpCloneRestore\Write\TableNames;

final class TableNamesTest extends TestCase {

	/**
	 * @var string
	 */
	private $dir;

	protected function setUp(): void {
		$this->dir = sys_get_temp_dir() . '/wcr-names-' . bin2hex( random_bytes( 6 ) ) . '/';
		mkdir( $this->dir );
	}

	protected function tearDown(): void {
		FileTree::remove( rtrim( $this->dir, '/' ) );
	}

	private function session( string $mode ): Session {
		$session = new Session( 'abcdef012345', $this->dir, $this->createMock( Environment::class ) );
		$session->journal()->set(
			array(
				'mode'   => $mode,
				'prefix' => 'wp_',
				'phase'  => Session::PHASE_OPEN,
			)
		);
		return $session;
	}

	public function test_a_merge_writes_to_short_names_that_stay_the_same(): void {
		$session = $this->session( Session::MERGE );
		$session->tables()->add( array( 'wp_posts', 'wp_options' ) );
		$session->tables()->add( array( 'wp_options', 'wp_users' ) );
		self::assertSame( array( 'wp_posts', 'wp_options', 'wp_users' ), $session->tables()->all() );
		self::assertSame( 'wcrabcdef_2', $session->tables()->current( 'wp_options' ) );
		self::assertSame( 'wcrbabcdef_3', $session->tables()->backup( 'wp_users' ) );
		self::assertSame( 'wp_other', $session->tables()->current( 'wp_other' ) );
	}

	public function test_after_the_commit_a_table_has_its_own_name(): void {
		$session = $this->session( Session::MERGE );
		$session->tables()->add( array( 'wp_posts' ) );
		$session->journal()->set( array( 'phase' => Session::PHASE_COMMITTED ) );
		self::assertSame( 'wp_posts', $session->tables()->current( 'wp_posts' ) );
		$session->journal()->set( array( 'phase' => Session::PHASE_ROLLED_BACK ) );
		self::assertSame( 'wcrabcdef_1', $session->tables()->current( 'wp_posts' ) );
	}

	public function test_placeholders_become_current_names(): void {
		$session = $this->session( Session::MERGE );
		$session->tables()->add( array( 'wp_posts' ) );
		$sql = "CREATE TABLE `{{table}}` (a int COMMENT '{{table}}') /* {{table:wp_posts}} `{{table:wp_b`x}}` */";
		self::assertSame( "CREATE TABLE `wcrabcdef_1` (a int COMMENT '{{table}}') /* `wcrabcdef_1` `wp_b``x` */", $session->tables()->fill( $sql, 'wp_posts' ) );
	}

	public function test_a_replacement_writes_in_place(): void {
		$session = $this->session( Session::REPLACE );
		$session->tables()->add( array( 'wp_posts' ) );
		self::assertSame( 'wp_posts', $session->tables()->current( 'wp_posts' ) );
	}

	public function test_a_merged_table_has_two_parts_and_is_not_swapped(): void {
		$session = $this->session( Session::MERGE );
		$names   = $session->tables();
		$names->add( array( 'wp_new' ) );
		$names->add_merged( 'wp_posts', array( 'ID' ), array( 'ID' ), 'PRIMARY' );
		self::assertSame( array( 'wp_new' ), $names->swapped() );
		self::assertSame( 'wcrabcdef_2', $names->target( TableNames::key_of( 'wp_posts', TableNames::ROWS ) ) );
		self::assertSame( 'wcrbabcdef_2', $names->target( TableNames::key_of( 'wp_posts', TableNames::FORMER ) ) );
		self::assertSame( 'wp_posts', $names->current( 'wp_posts' ) );
		self::assertSame( 'wcrabcdef_1', $names->target( 'wp_new' ) );
		self::assertSame( array( 'wp_posts', 'former' ), TableNames::parts_of( TableNames::key_of( 'wp_posts', 'former' ) ) );
		self::assertSame( 'wp_posts former', TableNames::label( TableNames::key_of( 'wp_posts', 'former' ) ) );
		foreach ( array( 'wp_new', 'wp_other' ) as $name ) {
			try {
				$names->staged( $name, TableNames::FORMER );
				self::fail( $name );
			} catch ( AgentError $error ) {
				self::assertSame( 'agent.invalid_arguments', $error->error_code() );
			}
		}
		$this->expectException( AgentError::class );
		$names->add_merged( 'wp_new', array( 'id' ), array( 'id' ), 'PRIMARY' );
	}

	public function test_the_control_table_is_not_the_sites(): void {
		$this->expectException( AgentError::class );
		$this->session( Session::REPLACE )->tables()->add( array( 'wp_wcr_session' ) );
	}
}
