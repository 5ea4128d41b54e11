<?php

declare(strict_types=1);

namespace WpCloneRestore\Read;

use WpCloneRestore\Agent\AgentError;
use WpCloneRestore\Agent\Operation;
use WpCloneRestore\Agent\Request;
use WpCloneRestore\Read\Schema\Column;
use WpCloneRestore\Read\Schema\SiteTables;
use WpCloneRestore\Read\Schema\StoredQueries;
use WpCloneRestore\Read\Schema\TableDefinition;
use WpCloneRestore\Read\Schema\TableKeys;
use WpCloneRestore\Stream\FrameWriter;
use WpCloneRestore\Support\Database;

/**
 * `tables.schema`: definitions of the site's tables, views and triggers.
 */
final class TablesSchema implements Operation {

	private const TRANSACTIONAL = array( 'INNODB', 'ROCKSDB', 'TOKUDB', 'NDBCLUSTER' );

	public function name(): string {
		return 'tables.schema';
	}

	public function mutates(): bool {
		return false;
	}

	public function handle( Request $request, FrameWriter $out ): void {
		$database = $request->environment()->database();
		$database->exec( 'SET SESSION sql_quote_show_create = 1' );
		$site    = SiteTables::of_environment( $request->environment() );
		$skipped = $site->skipped;
		$wanted  = isset( $request->args()['tables'] ) ? array_intersect( $site->names(), $request->items( 'tables' ) ) : $site->names();
		$tables  = array();
		foreach ( $wanted as $name ) {
			try {
				$tables[] = self::describe( $database, $name, $site, $skipped );
			} catch ( AgentError $error ) {
				$skipped[] = array(
					'name'   => $name,
					'reason' => $error->getMessage(),
				);
			}
		}
		$queries  = new StoredQueries( $database );
		$views    = $queries->views( $site->views );
		$triggers = $queries->triggers( $site->names() );
		$out->write_json(
			array(
				'tables'   => $tables,
				'views'    => $views,
				'triggers' => $triggers,
				'skipped'  => array_merge( $skipped, $queries->skipped ),
			)
		);
	}

	/**
	 * @param array<int, array{name: string, reason: string}> $skipped Gets what of the table cannot be copied.
	 * @return array<string, mixed> A TableSchema of the contract.
	 */
	private static function describe( Database $database, string $name, SiteTables $site, array &$skipped ): array {
		$row        = $site->tables[ $name ];
		$columns    = Column::of_table( $database, $name );
		$created    = $database->select( 'SHOW CREATE TABLE ' . $database->identifier( $name ) );
		$definition = new TableDefinition( (string) $created[0]['Create Table'], $name, $database->name(), $site->names() );
		foreach ( $definition->foreign_keys_left_out as $key ) {
			$skipped[] = array(
				'name'   => $name . '.' . $key,
				'reason' => 'is a foreign key to a table that is not copied',
			);
		}
		return array(
			'name'            => $name,
			'engine'          => (string) $row['ENGINE'],
			'createSql'       => $definition->create_sql,
			'foreignKeys'     => $definition->foreign_keys,
			'columns'         => array_map(
				static function ( Column $column ): array {
					return $column->to_answer();
				},
				array_values( $columns )
			),
			'key'             => TableKeys::of_table( $database, $name, $columns )->best(),
			'transactional'   => in_array( strtoupper( (string) $row['ENGINE'] ), self::TRANSACTIONAL, true ),
			'approximateRows' => (int) $row['TABLE_ROWS'],
			'sizeBytes'       => (int) $row['DATA_LENGTH'] + (int) $row['INDEX_LENGTH'],
		);
	}
}
