<?php

declare(strict_types=1);

namespace WpCloneRestore\Tests\Unit\Stream;

use PHPUnit\Framework\TestCase;
use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Stream\IndexPacker;
use WpCloneRestore\Stream\RowPacker;

final class PackersTest extends TestCase {

	public function test_rows_survive(): void {
		$rows   = array(
			array( '', null, "\0\xff", '0' ),
			array( null, null, null, null ),
			array( str_repeat( 'x', 70000 ), '1', '', null ),
		);
		$packed = implode( '', array_map( array( RowPacker::class, 'pack' ), $rows ) );
		self::assertSame( $rows, iterator_to_array( RowPacker::unpack( $packed, 4 ), false ) );
	}

	public function test_a_row_is_lengths_then_values(): void {
		self::assertSame( "\0\0\0\2\xff\xff\xff\xff\0\0\0\0ab", RowPacker::pack( array( 'ab', null, '' ) ) );
	}

	public function test_cut_rows_are_noticed(): void {
		$packed = RowPacker::pack( array( 'abc', 'de' ) );
		for ( $length = 1; $length < strlen( $packed ); $length++ ) {
			try {
				iterator_to_array( RowPacker::unpack( substr( $packed, 0, $length ), 2 ) );
				self::fail( "length $length" );
			} catch ( AgentError $error ) {
				self::assertSame( 'agent.malformed', $error->error_code() );
			}
		}
	}

	public function test_index_entries_survive(): void {
		$packed = IndexPacker::pack( 'f', 0644, 1700000000, 5000000000, "a/\xff b" ) . IndexPacker::pack( 'l', 0777, -5, 0, 'link', '../x' );
		self::assertSame(
			array(
				array( 'kind' => 'f', 'mode' => 0644, 'mtime' => 1700000000, 'size' => 5000000000, 'path' => "a/\xff b", 'target' => '' ),
				array( 'kind' => 'l', 'mode' => 0777, 'mtime' => 0, 'size' => 0, 'path' => 'link', 'target' => '../x' ),
			),
			iterator_to_array( IndexPacker::unpack( $packed ), false )
		);
	}
}
