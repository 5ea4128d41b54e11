<?php

declare(strict_types=1);

namespace WpCloneRestore\Read\Facts;

use WpCloneRestore\Agent\Environment;
use WpCloneRestore\Read\SiteInventory;

/**
 * Facts about the WordPress of a site. Options come from the database: plugins change what WordPress itself says of them.
 */
final class WordPressFacts {

	private const OPTIONS = array( 'home', 'siteurl', 'WPLANG', 'blog_charset', 'permalink_structure', 'active_plugins', 'template', 'stylesheet' );

	/**
	 * @var Environment
	 */
	private $environment;

	/**
	 * Values of options by name.
	 *
	 * @var array<string, string>
	 */
	private $options;

	public function __construct( Environment $environment ) {
		$this->environment = $environment;
		$this->options     = StoredOptions::read( $environment, self::OPTIONS );
	}

	/**
	 * @return array<string, mixed> As in the contract.
	 */
	public function to_answer(): array {
		$config = new WpConfig( WpConfig::text_of( $this->environment->root() ), $this->environment->is_standalone() ? null : array( self::class, 'runtime_value' ) );
		return array(
			'version'            => $this->version(),
			'home'               => $this->address( 'WP_HOME', 'home' ),
			'siteUrl'            => $this->address( 'WP_SITEURL', 'siteurl' ),
			'multisite'          => defined( 'MULTISITE' ) && constant( 'MULTISITE' ),
			'locale'             => '' === $this->option( 'WPLANG' ) ? 'en_US' : $this->option( 'WPLANG' ),
			'charset'            => '' === $this->option( 'blog_charset' ) ? 'UTF-8' : $this->option( 'blog_charset' ),
			'permalinkStructure' => $this->option( 'permalink_structure' ),
			'activePlugins'      => $this->active_plugins(),
			'template'           => $this->option( 'template' ),
			'stylesheet'         => $this->option( 'stylesheet' ),
			'constants'          => (object) $config->constants,
			'constantsSkipped'   => $config->skipped,
			'fileModsAllowed'    => ! ( defined( 'DISALLOW_FILE_MODS' ) && constant( 'DISALLOW_FILE_MODS' ) ),
		);
	}

	/**
	 * @return array<int, mixed>
	 */
	public static function runtime_value( string $name ): array {
		return defined( $name ) ? array( constant( $name ) ) : array();
	}

	private function version(): string {
		$file = $this->environment->root() . 'wp-includes/version.php';
		$code = is_readable( $file ) ? (string) file_get_contents( $file ) : '';
		return preg_match( '/^\$wp_version\s*=\s*[\'"]([^\'"]+)[\'"]/m', $code, $match ) ? $match[1] : '';
	}

	private function address( string $constant, string $option ): string {
		if ( ! $this->environment->is_standalone() && defined( $constant ) ) {
			return rtrim( (string) constant( $constant ), '/' );
		}
		$value = $this->option( $option );
		return '' === $value ? $this->environment->home_url() : rtrim( $value, '/' );
	}

	/**
	 * @return array<int, string>
	 */
	private function active_plugins(): array {
		return SiteInventory::active_plugins( $this->option( 'active_plugins' ) );
	}

	private function option( string $name ): string {
		return $this->options[ $name ] ?? '';
	}
}
