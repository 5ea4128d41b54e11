<?php
/**
 * A page cache's drop-in that caches nothing and leaves a trace.
 */

declare(strict_types=1);

define( 'SAMPLE_ADVANCED_CACHE_LOADED', true );
