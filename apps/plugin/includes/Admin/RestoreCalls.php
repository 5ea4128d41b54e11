<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * The page's calls about restores to this site, and about jobs.
 */
final class RestoreCalls {

	private const OPTIONS = array( 'preservePlugins', 'preserveThemes', 'preserveUploads', 'overwriteTargetChanges' );

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
	 * Restores to this site, newest first, without their reports. Previews are none.
	 *
	 * @return array<int, array<string, mixed>>
	 */
	public function all(): array {
		$page     = $this->service->call( 'GET', '/api/v1/restores?limit=20&targetUrl=' . rawurlencode( $this->site->url() ) );
		$restores = array();
		foreach ( array_filter( (array) ( $page['restores'] ?? array() ), 'is_array' ) as $restore ) {
			if ( true !== ( $restore['options']['dryRun'] ?? false ) ) {
				$restores[] = self::view( $restore );
			}
		}
		return $restores;
	}

	/**
	 * Compares the clone with this site and writes nothing.
	 *
	 * @return array{restoreId: string, jobId: string}
	 */
	public function preview( Input $input ): array {
		return $this->ask( $input, true );
	}

	/**
	 * Writes to this site what was changed in the clone.
	 *
	 * @return array{restoreId: string, jobId: string}
	 * @throws Problem `page.not_confirmed` unless the host of this site was typed.
	 */
	public function restore( Input $input ): array {
		if ( strtolower( $input->text( 'confirmation' ) ) !== $this->site->host() ) {
			/* translators: %s: host name of this site. */
			throw new Problem( 'page.not_confirmed', sprintf( __( 'Type %s to confirm that this site is to be changed.', 'wp-clone-restore' ), $this->site->host() ) );
		}
		return $this->ask( $input, false );
	}

	/**
	 * A restore with its report.
	 *
	 * @return array<string, mixed>
	 */
	public function read( Input $input ): array {
		$restore = $this->service->call( 'GET', '/api/v1/restores/' . $input->id( 'restoreId' ) );
		return self::view( $restore ) + array( 'report' => $restore['report'] ?? null );
	}

	/**
	 * Back to how this site was before a restore.
	 *
	 * @return array{jobId: string}
	 */
	public function undo( Input $input ): array {
		$accepted = $this->service->call( 'POST', '/api/v1/restores/' . $input->id( 'restoreId' ) . '/rollback' );
		return array( 'jobId' => (string) ( $accepted['job']['id'] ?? '' ) );
	}

	/**
	 * How far a job is.
	 *
	 * @return array<string, mixed>
	 */
	public function job( Input $input ): array {
		return self::job_view( $this->service->call( 'GET', '/api/v1/jobs/' . $input->id( 'jobId' ) ) );
	}

	/**
	 * @return array<string, mixed>
	 */
	public function cancel( Input $input ): array {
		return self::job_view( $this->service->call( 'POST', '/api/v1/jobs/' . $input->id( 'jobId' ) . '/cancel' ) );
	}

	/**
	 * @return array{restoreId: string, jobId: string}
	 */
	private function ask( Input $input, bool $dry_run ): array {
		$body = array(
			'cloneId' => $input->id( 'cloneId' ),
			'target'  => $this->site->access(),
			'dryRun'  => $dry_run,
		);
		foreach ( self::OPTIONS as $option ) {
			$body[ $option ] = $input->flag( $option );
		}
		$accepted = $this->service->call( 'POST', '/api/v1/restores', $body, $input->text( 'request', 64 ) );
		return array(
			'restoreId' => (string) ( $accepted['restore']['id'] ?? '' ),
			'jobId'     => (string) ( $accepted['job']['id'] ?? '' ),
		);
	}

	/**
	 * @param array<string, mixed> $restore Restore of the service.
	 * @return array<string, mixed>
	 */
	private static function view( array $restore ): array {
		$shown = array_intersect_key( $restore, array_flip( array( 'id', 'status', 'cloneId', 'createdAt', 'endedAt', 'restorePointUntil', 'jobId', 'rollbackJobId' ) ) );
		if ( is_array( $restore['error'] ?? null ) ) {
			$shown['error'] = Advice::explain( $restore['error'] );
		}
		return $shown;
	}

	/**
	 * @param array<string, mixed> $job Job of the service.
	 * @return array<string, mixed>
	 */
	private static function job_view( array $job ): array {
		$shown = array_intersect_key( $job, array_flip( array( 'id', 'queue', 'status', 'ahead', 'progress', 'cancelRequested', 'cloneId', 'restoreId', 'attempts', 'maxAttempts' ) ) );
		if ( is_array( $job['error'] ?? null ) ) {
			$shown['error'] = Advice::explain( $job['error'] );
		}
		return $shown;
	}
}
