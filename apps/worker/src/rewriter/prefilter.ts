import { hostPattern } from './host-pattern.ts';
import { pathPattern } from './path-matcher.ts';
import type { UrlTarget } from './rewrite-map.ts';
import type { PathMapping } from './rewriter.types.ts';
import { SHORTCODE_PATTERN } from './shortcodes.ts';

/** Chunks stay in the processor's cache and keep memory flat for large values. */
const CHUNK_BYTES = 262_144;
/** Longer than the longest spelling of a host or path. */
const OVERLAP_BYTES = 32_768;

/**
 * Makes the cheap question "can there be anything to replace?": no encoding but base64 hides the letters of a host, so one
 * search for hosts, paths and the openings of base64 shortcodes answers it.
 */
export function createPrefilter(urls: readonly UrlTarget[], paths: readonly PathMapping[]): (bytes: Buffer) => boolean {
  const patterns = [hostPattern(urls), pathPattern(paths)].filter((pattern) => pattern !== '');
  if (patterns.length === 0) return () => false;
  const needle = new RegExp([...patterns, SHORTCODE_PATTERN].join('|'));
  return (bytes) => {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      if (needle.test(bytes.toString('latin1', start, start + CHUNK_BYTES + OVERLAP_BYTES))) return true;
    }
    return false;
  };
}
