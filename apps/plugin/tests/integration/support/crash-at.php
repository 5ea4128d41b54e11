<?php
/**
 * Serves the agent in tests of crashes.
 */

declare(strict_types=1);

require __DIR__ . '/crash-points.php';
require dirname( __DIR__, 3 ) . '/standalone.php';
