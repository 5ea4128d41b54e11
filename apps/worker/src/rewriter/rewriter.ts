import { findEdits, type Matcher } from './document.ts';
import { spliceBytes } from './edit.ts';
import { createPathMatcher } from './path-matcher.ts';
import { createPrefilter } from './prefilter.ts';
import { compilePaths, compileUrls, invertMap } from './rewrite-map.ts';
import type { RewriteMap, Rewriter } from './rewriter.types.ts';
import { createUrlMatcher } from './url-matcher.ts';

/**
 * Makes the rewriter of a map. `rewrite` serves database values and whole text files alike: give it one complete value
 * at a time, since neither an address nor a serialized length may be cut in two. Its work is linear in the bytes.
 * docs/rewriter.md tells the policy.
 *
 * @throws AppError `source.invalid_url` when an address of the map is not `http(s)://host[:port][/path]`
 */
export function createRewriter(map: RewriteMap): Rewriter {
  const urls = compileUrls(map.urls);
  const paths = compilePaths(map.paths);
  const mayContain = createPrefilter(urls, paths);
  const matchUrls = createUrlMatcher(urls);
  const matchPaths = createPathMatcher(paths);
  const match: Matcher = paths.length === 0 ? matchUrls : (text) => matchUrls(text).concat(matchPaths(text));
  return {
    mayContain,
    rewrite(bytes) {
      if (!mayContain(bytes)) return { bytes, replacements: 0 };
      const edits = findEdits(bytes.toString('latin1'), match);
      if (edits.length === 0) return { bytes, replacements: 0 };
      return { bytes: spliceBytes(bytes, edits), replacements: edits.reduce((sum, edit) => sum + edit.hits, 0) };
    },
    inverse: invertMap(map),
  };
}
