import { hostPattern } from './host-pattern.ts';
import { pathPattern } from './path-matcher.ts';
import type { UrlTarget } from './rewrite-map.ts';
import type { PathMapping } from './rewriter.types.ts';
import { SHORTCODE_PATTERN } from './shortcodes.ts';

/** Measured: strings of up to 128 KB are four times as fast as longer ones, for which V8 allocates pages of their own. */
const CHUNK_BYTES = 65_536;
/** Upper bounds of what the patterns match for one character of a host and one slash of a path. */
const LONGEST_HOST_CHARACTER = 70;
const LONGEST_SLASH = 1_500;

/**
 * Makes the cheap question "can there be anything to replace?": no encoding but base64 hides the letters of a host, so one
 * search for hosts, paths and the openings of base64 shortcodes answers it. Memory stays flat for large values.
 */
export function createPrefilter(urls: readonly UrlTarget[], paths: readonly PathMapping[]): (bytes: Buffer) => boolean {
  const patterns = [hostPattern(urls), pathPattern(paths)].filter((pattern) => pattern !== '');
  if (patterns.length === 0) return () => false;
  const needle = new RegExp([...patterns, SHORTCODE_PATTERN].join('|'));
  const overlap = longestMatch(urls, paths);
  return (bytes) => {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      if (needle.test(bytes.toString('latin1', start, start + CHUNK_BYTES + overlap))) return true;
    }
    return false;
  };
}

/** What may be cut by the end of a chunk is seen whole by looking so far beyond it. */
function longestMatch(urls: readonly UrlTarget[], paths: readonly PathMapping[]): number {
  const hosts = urls.flatMap((target) => target.hosts).map((host) => host.length * LONGEST_HOST_CHARACTER);
  const slashes = paths.map(({ from }) => from.length + from.split('/').length * LONGEST_SLASH);
  return Math.max(SHORTCODE_PATTERN.length, ...hosts, ...slashes);
}
