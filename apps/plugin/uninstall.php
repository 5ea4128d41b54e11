<?php
/**
 * Removes everything the plugin made on this site.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

namespace WpCloneRestore;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

require_once __DIR__ . '/includes/autoload.php';

Support\Uninstaller::run();
