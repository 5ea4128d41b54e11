<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * The page's calls about clones of this site.
 */
final class CloneCalls {

	/**
	 * @var Service
	 */
	private $service;

	/**
	 * @var Site
	 */
	private $site;

	public function __construct( Service $service, Site $site ) {
		$this->service = $service;
		$this->site    = $site;
	}

	/**
	 * Clones of this site, newest first.
	 *
	 * @return array<int, array<string, mixed>>
	 */
	public function all(): array {
		$page = $this->service->call( 'GET', '/api/v1/clones?limit=20&sourceUrl=' . rawurlencode( $this->site->url() ) );
		return array_map( array( self::class, 'view' ), array_values( array_filter( (array) ( $page['clones'] ?? array() ), 'is_array' ) ) );
	}

	/**
	 * Has the service clone this site; the pairing key lets it in.
	 *
	 * @return array{jobId: string}
	 */
	public function create( Input $input ): array {
		$body = array(
			'source'     => $this->site->access(),
			'ttlMinutes' => $input->minutes( 'ttlMinutes' ),
		);
		$name = $input->text( 'name', 400 );
		if ( '' !== $name ) {
			$body['name'] = $name;
		}
		$paths = $input->lines( 'excludePaths' );
		if ( $paths ) {
			$body['exclude'] = array( 'paths' => $paths );
		}
		$accepted = $this->service->call( 'POST', '/api/v1/clones', $body, $input->text( 'request', 64 ) );
		return array( 'jobId' => (string) ( $accepted['job']['id'] ?? '' ) );
	}

	/**
	 * Gives a clone another end, counted from now.
	 *
	 * @return array<string, mixed>
	 */
	public function extend( Input $input ): array {
		$body = array( 'ttlMinutes' => $input->minutes( 'ttlMinutes' ) );
		return self::view( $this->service->call( 'PATCH', '/api/v1/clones/' . $input->id( 'cloneId' ), $body ) );
	}

	/**
	 * @return array<string, mixed>
	 */
	public function remove( Input $input ): array {
		$this->service->call( 'DELETE', '/api/v1/clones/' . $input->id( 'cloneId' ) );
		return array();
	}

	/** A link that signs in to a clone, once and within a minute. */
	public function login_link( Input $input ): string {
		$link = $this->service->call( 'POST', '/api/v1/clones/' . $input->id( 'cloneId' ) . '/login-links' );
		return (string) ( $link['url'] ?? '' );
	}

	/**
	 * What the page shows of a clone.
	 *
	 * @param array<string, mixed> $clone Clone of the service.
	 * @return array<string, mixed>
	 */
	private static function view( array $clone ): array {
		$shown = array_intersect_key( $clone, array_flip( array( 'id', 'name', 'url', 'status', 'createdAt', 'readyAt', 'expiresAt', 'sizes', 'jobId' ) ) );
		if ( is_array( $clone['error'] ?? null ) ) {
			$shown['error'] = Advice::explain( $clone['error'] );
		}
		return $shown;
	}
}
