<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * WordPress's maintenance mode. Agent requests pass: after a crash one of them must finish the work.
 */
final class Maintenance {

	private const CONTENT = "<?php\n// wp-clone-restore puts a restored site in its place; the worker ends this.\n\$upgrading = isset( \$_SERVER['HTTP_X_WCR_OPERATION'] ) ? 0 : time();\n";

	/**
	 * @var string
	 */
	private $file;

	public function __construct( string $root ) {
		$this->file = $root . '.maintenance';
	}

	/**
	 * @throws AgentError Codes of DiskError.
	 */
	public function begin(): void {
		DurableFile::write( $this->file, self::CONTENT );
	}

	/** Ends our own maintenance mode, not somebody else's. */
	public function end(): void {
		if ( is_file( $this->file ) && self::CONTENT === file_get_contents( $this->file ) ) {
			FileTree::remove( $this->file );
		}
	}
}
