<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

use WpCloneRestore\Agent\AgentError;

/**
 * WordPress's maintenance mode. Agent requests pass: after a crash one of them must finish the work.
 */
final class Maintenance {

	private const HEAD = "<?php\n// wp-clone-restore puts a restored site in its place; the worker ends this.\n\$upgrading = isset( \$_SERVER['HTTP_X_WCR_OPERATION'] ) ? 0 : time();\n";

	/**
	 * @var string
	 */
	private $file;

	/**
	 * When it began, in seconds since 1970.
	 *
	 * @var float
	 */
	private $since = 0.0;

	/**
	 * Code for agent requests only; see Rescue.
	 *
	 * @var string
	 */
	private $rescue;

	public function __construct( string $root, string $rescue = '' ) {
		$this->file   = $root . '.maintenance';
		$this->rescue = $rescue;
	}

	/**
	 * @throws AgentError Codes of DiskError.
	 */
	public function begin(): void {
		if ( $this->is_ours() ) {
			// A crash has left it.
			$this->since = (float) filemtime( $this->file );
			return;
		}
		$this->since = microtime( true );
		DurableFile::write( $this->file, self::HEAD . $this->rescue );
	}

	/** Milliseconds it has been on. */
	public function milliseconds(): int {
		return (int) round( 1000 * max( 0.0, microtime( true ) - $this->since ) );
	}

	/** Ends our own maintenance mode, not somebody else's. */
	public function end(): void {
		if ( $this->is_ours() ) {
			FileTree::remove( $this->file );
		}
	}

	private function is_ours(): bool {
		return is_file( $this->file ) && 0 === strpos( (string) file_get_contents( $this->file ), self::HEAD );
	}
}
