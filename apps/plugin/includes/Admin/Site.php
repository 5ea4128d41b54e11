<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

use WpCloneRestore\Agent\PairingKeyStore;

/**
 * What the service must know of this site.
 */
final class Site {

	/**
	 * @var string
	 */
	private $url;

	/**
	 * @var callable(): string
	 */
	private $read_key;

	/**
	 * @param callable $read_key Gives the pairing key.
	 */
	public function __construct( string $url, callable $read_key ) {
		$this->url      = rtrim( $url, '/' );
		$this->read_key = $read_key;
	}

	/** The stored address: plugins that speak several languages change what home_url() answers. */
	public static function current(): self {
		return new self(
			(string) get_option( 'home' ),
			static function (): string {
				return PairingKeyStore::ensure()->current();
			}
		);
	}

	/** Whether this site is one of our clones, whose administrators have nothing to clone or restore here. */
	public static function is_clone(): bool {
		return defined( 'WCR_CLONE_ID' );
	}

	/** On a network the key opens every site of it. */
	public static function capability(): string {
		return is_multisite() ? 'manage_network_options' : 'manage_options';
	}

	public function url(): string {
		return $this->url;
	}

	/** What must be typed before the site is written to. */
	public function host(): string {
		return strtolower( (string) parse_url( $this->url, PHP_URL_HOST ) );
	}

	/**
	 * What lets the service in without a password.
	 *
	 * @return array{url: string, pairingKey: string}
	 */
	public function access(): array {
		return array(
			'url'        => $this->url,
			'pairingKey' => ( $this->read_key )(),
		);
	}
}
