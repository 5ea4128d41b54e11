<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Support\Database;

/**
 * Counts that WordPress keeps beside what it counts: comments of a post, published posts of a term. Rows that are exchanged bring other
 * numbers of both sites along; what counts is the live number, changed by as much as the exchange changed what it counts.
 */
final class DerivedCounts {

	private const AT_ONCE = 500;

	/**
	 * @var Session
	 */
	private $session;

	/**
	 * @var Database
	 */
	private $database;

	/**
	 * Number that was live, and what it counted, before the exchange.
	 *
	 * @var array<string, array<int, array{0: int, 1: int}>> By kind and id.
	 */
	private $before = array();

	public function __construct( Session $session ) {
		$this->session  = $session;
		$this->database = $session->database();
	}

	/** Notes the counts that the exchange will touch; to be called in its transaction, before it. */
	public function note(): void {
		if ( $this->touches( 'posts', 'comments' ) && $this->exist( 'posts', 'comments' ) ) {
			$posts                = array_merge( $this->staged_ids( 'posts', 'ID' ), $this->staged_ids( 'comments', 'comment_post_ID' ) );
			$this->before['post'] = $this->counts( 'post', $posts );
		}
		if ( $this->touches( 'posts', 'term_relationships', 'term_taxonomy' ) && $this->exist( 'posts', 'term_relationships', 'term_taxonomy' ) ) {
			$terms                = array_merge( $this->staged_ids( 'term_relationships', 'term_taxonomy_id' ), $this->staged_ids( 'term_taxonomy', 'term_taxonomy_id' ), $this->terms_of_posts() );
			$this->before['term'] = $this->counts( 'term', $terms );
		}
	}

	/** Sets the counts; to be called in the same transaction, after the exchange. */
	public function settle(): void {
		foreach ( $this->before as $kind => $before ) {
			foreach ( $this->counts( $kind, array_keys( $before ) ) as $id => list( $now, $counted ) ) {
				list( $live, $counted_before ) = $before[ $id ];
				$wanted                        = max( 0, $live + $counted - $counted_before );
				if ( $wanted !== $now ) {
					$this->database->exec( $this->update( $kind, $id, $wanted ) );
				}
			}
		}
	}

	/** Whether rows of one of these tables are exchanged. */
	private function touches( string ...$bare ): bool {
		foreach ( $bare as $name ) {
			if ( $this->session->tables()->is_merged( $this->session->prefix() . $name ) ) {
				return true;
			}
		}
		return false;
	}

	private function exist( string ...$bare ): bool {
		$names = array();
		foreach ( $bare as $name ) {
			$names[] = $this->database->quote( $this->session->prefix() . $name );
		}
		$sql = 'SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (' . implode( ',', $names ) . ')';
		return count( $bare ) === (int) $this->database->value( $sql );
	}

	/**
	 * Values of a column in both parts of a merged table.
	 *
	 * @return array<int, int>
	 */
	private function staged_ids( string $bare, string $column ): array {
		$name   = $this->session->prefix() . $bare;
		$tables = $this->session->tables();
		$ids    = array();
		foreach ( $tables->is_merged( $name ) ? array( TableNames::ROWS, TableNames::FORMER ) : array() as $part ) {
			$sql = 'SELECT DISTINCT ' . Database::quote_identifier( $column ) . ' FROM ' . Database::quote_identifier( $tables->staged( $name, $part ) );
			$ids = array_merge( $ids, array_map( 'intval', $this->database->column( $sql ) ) );
		}
		return $ids;
	}

	/**
	 * Terms of the posts that are exchanged: a post that is published counts from then on.
	 *
	 * @return array<int, int>
	 */
	private function terms_of_posts(): array {
		$terms = array();
		foreach ( array_chunk( array_unique( $this->staged_ids( 'posts', 'ID' ) ), self::AT_ONCE ) as $posts ) {
			$sql   = 'SELECT DISTINCT term_taxonomy_id FROM ' . $this->live( 'term_relationships' ) . ' WHERE object_id IN (' . implode( ',', $posts ) . ')';
			$terms = array_merge( $terms, array_map( 'intval', $this->database->column( $sql ) ) );
		}
		return $terms;
	}

	/**
	 * The number that is stored and what there is to count, of those that exist.
	 *
	 * @param array<int, int> $ids Ids.
	 * @return array<int, array{0: int, 1: int}> By id.
	 */
	private function counts( string $kind, array $ids ): array {
		$counts = array();
		foreach ( array_chunk( array_unique( $ids ), self::AT_ONCE ) as $some ) {
			foreach ( $this->database->select( $this->select( $kind, implode( ',', $some ) ) ) as $row ) {
				$counts[ (int) $row['id'] ] = array( (int) $row['stored'], (int) $row['counted'] );
			}
		}
		return $counts;
	}

	private function select( string $kind, string $ids ): string {
		if ( 'post' === $kind ) {
			return "SELECT p.ID AS id, p.comment_count AS stored, (SELECT COUNT(*) FROM {$this->live( 'comments' )} c WHERE c.comment_post_ID = p.ID AND c.comment_approved = '1') AS counted
				FROM {$this->live( 'posts' )} p WHERE p.ID IN ({$ids})";
		}
		return "SELECT t.term_taxonomy_id AS id, t.count AS stored, (SELECT COUNT(*) FROM {$this->live( 'term_relationships' )} r JOIN {$this->live( 'posts' )} p ON p.ID = r.object_id
			WHERE r.term_taxonomy_id = t.term_taxonomy_id AND p.post_status = 'publish') AS counted FROM {$this->live( 'term_taxonomy' )} t WHERE t.term_taxonomy_id IN ({$ids})";
	}

	private function update( string $kind, int $id, int $count ): string {
		return 'post' === $kind
			? "UPDATE {$this->live( 'posts' )} SET comment_count = {$count} WHERE ID = {$id}"
			: "UPDATE {$this->live( 'term_taxonomy' )} SET count = {$count} WHERE term_taxonomy_id = {$id}";
	}

	private function live( string $bare ): string {
		return Database::quote_identifier( $this->session->prefix() . $bare );
	}
}
