<?php
/**
 * Answers an agent call at once and ends the request. Included by the must-use loader, before plugins and themes can fail,
 * and by the plugin itself where that loader could not be installed.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

namespace WpCloneRestore;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/autoload.php';

Transport\Door::answer();
