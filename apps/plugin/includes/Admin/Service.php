<?php

declare(strict_types=1);

namespace WpCloneRestore\Admin;

/**
 * The API of a clone service.
 */
interface Service {

	/**
	 * One call.
	 *
	 * @param string                    $path    Below the service's address, with its query.
	 * @param array<string, mixed>|null $body    Sent as JSON.
	 * @param string                    $request Name of the request, under which a repetition is no second one; empty for none.
	 * @return array<string, mixed> The answer's JSON.
	 * @throws Problem With the service's code, or `page.service_…`.
	 */
	public function call( string $method, string $path, ?array $body = null, string $request = '' ): array;
}
