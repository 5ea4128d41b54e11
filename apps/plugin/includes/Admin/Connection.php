<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * Where the clone service is, and the API key that opens it. The key leaves this object for the service only.
 */
final class Connection {

	/**
	 * @var string
	 */
	private $url;

	/**
	 * @var string
	 */
	private $key;

	public function __construct( string $url, string $key ) {
		$this->url = $url;
		$this->key = $key;
	}

	public function url(): string {
		return $this->url;
	}

	public function key(): string {
		return $this->key;
	}

	/**
	 * What a page may show.
	 *
	 * @return array{url: string, keyEnd: string}
	 */
	public function describe(): array {
		return array(
			'url'    => $this->url,
			'keyEnd' => substr( $this->key, -4 ),
		);
	}
}
