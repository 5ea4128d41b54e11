<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * Every call the page's script may make, by its name.
 */
final class PageCalls {

	/**
	 * @var Site
	 */
	private $site;

	/**
	 * @var callable(Connection): Service
	 */
	private $open;

	/**
	 * @param callable $open Gives the service of a connection.
	 */
	public function __construct( Site $site, callable $open ) {
		$this->site = $site;
		$this->open = $open;
	}

	/**
	 * Answers one call.
	 *
	 * @return array<mixed>
	 * @throws Problem
	 */
	public function answer( string $call, Input $input ): array {
		switch ( $call ) {
			case 'connect':
				return $this->connect( $input );
			case 'disconnect':
				ConnectionStore::forget();
				return array();
			default:
				return $this->relay( $this->service(), $call, $input );
		}
	}

	/**
	 * A call that goes to the service.
	 *
	 * @return array<mixed>
	 * @throws Problem
	 */
	public function relay( Service $service, string $call, Input $input ): array {
		$clones   = new CloneCalls( $service, $this->site );
		$restores = new RestoreCalls( $service, $this->site );
		$answers  = array(
			'overview' => static function () use ( $clones, $restores ): array {
				return array(
					'clones'   => $clones->all(),
					'restores' => $restores->all(),
				);
			},
			'clone'    => array( $clones, 'create' ),
			'extend'   => array( $clones, 'extend' ),
			'delete'   => array( $clones, 'remove' ),
			'preview'  => array( $restores, 'preview' ),
			'restore'  => array( $restores, 'restore' ),
			'report'   => array( $restores, 'read' ),
			'undo'     => array( $restores, 'undo' ),
			'job'      => array( $restores, 'job' ),
			'cancel'   => array( $restores, 'cancel' ),
		);
		if ( ! isset( $answers[ $call ] ) ) {
			throw new Problem( 'page.call_unknown', __( 'The page is of another version of the plugin. Reload it.', 'wp-clone-restore' ), 404 );
		}
		return $answers[ $call ]( $input );
	}

	/**
	 * The service this site is connected to.
	 *
	 * @throws Problem `page.not_connected`
	 */
	public function service(): Service {
		$connection = ConnectionStore::load();
		if ( null === $connection ) {
			throw new Problem( 'page.not_connected', __( 'This site is not connected to a clone service. Reload the page.', 'wp-clone-restore' ), 409 );
		}
		return ( $this->open )( $connection );
	}

	/**
	 * Tries address and key, and keeps them when they open the service.
	 *
	 * @return array{url: string, keyEnd: string}
	 */
	private function connect( Input $input ): array {
		$connection = new Connection( ServiceAddress::normalise( $input->text( 'url' ) ), $input->text( 'key', 256 ) );
		if ( ! preg_match( '/^[\x21-\x7e]{8,}$/D', $connection->key() ) ) {
			throw new Problem( 'page.key_invalid', __( 'This is not a key. Copy it again, without spaces.', 'wp-clone-restore' ) );
		}
		self::test( ( $this->open )( $connection ) );
		ConnectionStore::save( $connection );
		return $connection->describe();
	}

	/** Asks for what every call of the page needs at least. */
	private static function test( Service $service ): void {
		$service->call( 'GET', '/api/v1/clones?limit=1' );
		$service->call( 'GET', '/api/v1/restores?limit=1' );
	}
}
