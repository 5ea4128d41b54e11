<?php
/**
 * An object cache's drop-in without a server behind it: WordPress falls back to its own when none of the functions exist.
 */

declare(strict_types=1);

define( 'SAMPLE_OBJECT_CACHE_LOADED', true );
