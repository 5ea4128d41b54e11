<?php
/**
 * Included by our own `.maintenance` for agent requests; see Write\Rescue.
 *
 * @package WpCloneRestore
 */

declare(strict_types=1);

namespace WpCloneRestore;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/autoload.php';

if ( isset( $wcr_rescue ) ) {
	Write\Rescue::run( ...$wcr_rescue );
}
