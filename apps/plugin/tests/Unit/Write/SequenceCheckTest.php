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
	 * @dataProvider provide_requests
	 * @param array<int, array{0: int, 1: string|null, 2: string}> $frames   Sequence, start and end of each frame of a request.
	 * @param array<int, string>                                   $expected What becomes of each, and of the request.
	 */
	public function test_frames_are_new_known_or_out_of_turn( array $frames, string $state, array $expected ): void {
		$place  = self::place( $state );
		$check  = new SequenceCheck();
		$result = array();
		try {
			foreach ( $frames as list( $sequence, $from, $cursor ) ) {
				$meta     = array(
					'sequence' => $sequence,
					'from'     => $from,
					'cursor'   => $cursor,
				);
				$is_new   = $check->is_new( new Frame( 'R', $meta ), 'wp_posts', $place );
				$result[] = $is_new ? 'new' : 'known';
				if ( $is_new ) {
					$place->sequence = $sequence;
					$place->cursor   = $cursor;
				}
			}
			$check->finish();
		} catch ( AgentError $error ) {
			$result[] = $error->error_code();
		}
		self::assertSame( $expected, $result );
	}

	/**
	 * The table has the frames 1 to 3 and ends at c.
	 *
	 * @return array<string, array{0: array<int, array{0: int, 1: string|null, 2: string}>, 1: string, 2: array<int, string>}>
	 */
	public function provide_requests(): array {
		$idle    = ControlTable::IDLE;
		$writing = ControlTable::WRITING;
		$restart = 'agent.table_restart';
		return array(
			'the next one'                        => array( array( array( 4, 'c', 'd' ) ), $idle, array( 'new' ) ),
			'the last one again'                  => array( array( array( 3, 'b', 'c' ) ), $idle, array( 'known' ) ),
			'all again, and the next'             => array( array( array( 1, null, 'a' ), array( 2, 'a', 'b' ), array( 3, 'b', 'c' ), array( 4, 'c', 'd' ) ), $idle, array( 'known', 'known', 'known', 'new' ) ),
			'cut elsewhere, but from and to fit'  => array( array( array( 2, 'a', 'bb' ), array( 3, 'bb', 'c' ) ), $idle, array( 'known', 'known' ) ),
			'the next, but it starts elsewhere'   => array( array( array( 4, 'b', 'd' ) ), $idle, array( $restart ) ),
			'the next, but it starts at no place' => array( array( array( 4, null, 'd' ) ), $idle, array( $restart ) ),
			'the last, but it ends elsewhere'     => array( array( array( 3, 'b', 'cc' ) ), $idle, array( $restart ) ),
			'earlier ones that do not join'       => array( array( array( 2, 'a', 'b' ), array( 3, 'bb', 'c' ) ), $idle, array( 'known', $restart ) ),
			'earlier ones with a hole'            => array( array( array( 1, null, 'a' ), array( 3, 'a', 'c' ) ), $idle, array( 'known', $restart ) ),
			'earlier ones that end too early'     => array( array( array( 1, null, 'a' ), array( 2, 'a', 'b' ) ), $idle, array( 'known', 'known', $restart ) ),
			'too early'                           => array( array( array( 5, 'c', 'd' ) ), $idle, array( 'agent.sequence_gap' ) ),
			'number 0'                            => array( array( array( 0, 'c', 'd' ) ), $idle, array( 'agent.sequence_gap' ) ),
			'a negative number'                   => array( array( array( -1, 'c', 'd' ) ), $idle, array( 'agent.sequence_gap' ) ),
			'the next after an interrupted write' => array( array( array( 4, 'c', 'd' ) ), $writing, array( $restart ) ),
			'the last one, and a write after it was interrupted' => array( array( array( 3, 'b', 'c' ) ), $writing, array( 'known' ) ),
		);
	}

	private static function place( string $state ): TablePlace {
		return new TablePlace(
			array(
				'sequence'      => '3',
				'row_count'     => '30',
				'next_cursor'   => 'c',
				'state'         => $state,
				'transactional' => '0',
			)
		);
	}
}
