<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Write;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Write\ServerError;

final class ServerErrorTest extends TestCase {

	/**
	 * @dataProvider provide_errors
	 */
	public function test_the_servers_errors_have_names( int $errno, string $message, string $code ): void {
		$error = ServerError::explain( AgentError::failed( $message, array( 'errno' => $errno ) ), 'wp_posts' );
		self::assertSame( $code, $error->error_code() );
	}

	/**
	 * @return array<int, array{0: int, 1: string, 2: string}>
	 */
	public function provide_errors(): array {
		return array(
			array( 1062, 'Duplicate entry', 'target.database_failed' ),
			array( 1142, 'CREATE command denied', 'target.rights_missing' ),
			array( 1044, 'Access denied', 'target.rights_missing' ),
			array( 1114, 'The table is full', 'target.disk_full' ),
			array( 3, 'Error writing file (Errcode: 28 "No space left on device")', 'target.disk_full' ),
			array( 1153, 'Got a packet bigger', 'source.row_too_large' ),
			array( 1213, 'Deadlock found', 'target.locked' ),
			array( 1205, 'Lock wait timeout exceeded', 'target.locked' ),
			array( 2006, 'MySQL server has gone away', 'agent.failed' ),
		);
	}

	public function test_the_table_is_named(): void {
		$error = ServerError::explain( AgentError::failed( 'no', array( 'errno' => 1062 ) ), 'wp_posts' );
		self::assertSame( 'wp_posts: no', $error->detail()['reason'] );
	}

	public function test_other_errors_stay_as_they_are(): void {
		$error = AgentError::path_refused( 'x' );
		self::assertSame( $error, ServerError::explain( $error ) );
	}
}
