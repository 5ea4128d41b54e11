<?php
/**
 * Plugin Name:       Clone & Restore
 * Description:       Lets your clone service make a private, temporary, working copy of this site and put changes back safely.
 * Version:           0.1.0
 * Requires at least: 5.6
 * Requires PHP:      7.4
 * Author:            The wp-clone-restore authors
 * License:           MIT
 * License URI:       https://opensource.org/licenses/MIT
 * Text Domain:       wp-clone-restore
 * Update URI:        false
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

namespace WpCloneRestore;

defined( 'ABSPATH' ) || exit;

define( 'WCR_PLUGIN_FILE', __FILE__ );

require_once __DIR__ . '/includes/autoload.php';

Plugin::instance()->register();
