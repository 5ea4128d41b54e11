<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Support\Database;

/**
 * The site the agent lives in. Folders end in a slash.
 */
interface Environment {

	/**
	 * The site's database, connected when first asked for.
	 *
	 * @throws AgentError When it cannot be reached.
	 */
	public function database(): Database;

	/** Prefix of the site's tables. */
	public function prefix(): string;

	/** The site root; paths of the protocol are relative to it. */
	public function root(): string;

	public function content_dir(): string;

	public function plugins_dir(): string;

	public function mu_plugins_dir(): string;

	public function uploads_dir(): string;

	/**
	 * The agent's own work folder; made when it is not there.
	 *
	 * @throws AgentError When it cannot be made.
	 */
	public function work_dir(): string;

	/** Path of the work folder, whether it is there or not. */
	public function work_path(): string;

	/** True when no WordPress is loaded around the agent. */
	public function is_standalone(): bool;

	/** Address of the site, without trailing slash. */
	public function home_url(): string;

	public function keys(): PairingKeys;
}
