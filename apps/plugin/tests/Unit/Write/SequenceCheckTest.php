<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Write;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Stream\Frame;
use WpCloneRestore\Write\ControlTable;
use WpCloneRestore\Write\SequenceCheck;
use WpCloneRestore\Write\TablePlace;

final class SequenceCheckTest extends TestCase {

	/**
	 * @dataProvider provide_sequences
	 */
	public function test_a_frame_is_new_known_or_out_of_turn( int $sequence, string $state, string $expected ): void {
		$place = new TablePlace(
			array(
				'sequence'      => '3',
				'row_count'     => '30',
				'next_cursor'   => 'c',
				'state'         => $state,
				'transactional' => '0',
			)
		);
		try {
			$result = SequenceCheck::is_new( new Frame( 'R', array( 'sequence' => $sequence ) ), 'wp_posts', $place ) ? 'new' : 'known';
		} catch ( AgentError $error ) {
			$result = $error->error_code();
		}
		self::assertSame( $expected, $result );
	}

	/**
	 * @return array<int, array{0: int, 1: string, 2: string}>
	 */
	public function provide_sequences(): array {
		return array(
			array( 4, ControlTable::IDLE, 'new' ),
			array( 3, ControlTable::IDLE, 'known' ),
			array( 1, ControlTable::IDLE, 'known' ),
			array( 5, ControlTable::IDLE, 'agent.sequence_gap' ),
			array( 0, ControlTable::IDLE, 'agent.sequence_gap' ),
			array( -1, ControlTable::IDLE, 'agent.sequence_gap' ),
			array( 4, ControlTable::WRITING, 'agent.table_restart' ),
			array( 3, ControlTable::WRITING, 'known' ),
		);
	}
}
