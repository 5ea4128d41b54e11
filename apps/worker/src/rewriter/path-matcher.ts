import { endsAddress, opensAddress } from './boundaries.ts';
import type { Edit } from './edit.ts';
import { escapePattern } from './host-pattern.ts';
import type { PathMapping } from './rewriter.types.ts';
import { colonLike, SLASH_PATTERN, slashStart, spell } from './separators.ts';

/** Finds all absolute paths on disk, spelt with plain, JSON-escaped or otherwise encoded slashes. */
export function createPathMatcher(paths: readonly PathMapping[]): (text: string) => Edit[] {
  const searches = paths.map((mapping) => ({ mapping, pattern: new RegExp(consistentPattern(mapping.from), 'g') }));
  return (text) => searches.flatMap(({ mapping, pattern }) => findAll(text, mapping, pattern));
}

/** Source of a regular expression that finds at least every place where one of the paths stands. */
export function pathPattern(paths: readonly PathMapping[]): string {
  return paths.map(({ from }) => segmentsOf(from).map(escapePattern).join(SLASH_PATTERN)).join('|');
}

/** All slashes within one path are spelt alike. */
function consistentPattern(path: string): string {
  const [first = '', ...rest] = segmentsOf(path).map(escapePattern);
  if (rest.length === 0) return first;
  return `${first}(?<slash>${SLASH_PATTERN})${rest.join('\\k<slash>')}`;
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function findAll(text: string, mapping: PathMapping, pattern: RegExp): Edit[] {
  const edits: Edit[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const slash = leadingSlash(text, match.index, match.groups?.['slash']);
    if (slash === undefined) continue;
    const start = match.index - slash.length;
    if (!opensAddress(text, start) || !endsAddress(text, pattern.lastIndex)) continue;
    edits.push({ start, end: pattern.lastIndex, text: spell(mapping.to, { slash, colon: colonLike(slash) }), hits: 1 });
  }
  return edits;
}

/** The slash in front of the first segment, spelt like those between segments where there are any. */
function leadingSlash(text: string, end: number, inner: string | undefined): string | undefined {
  if (inner !== undefined) return text.slice(Math.max(0, end - inner.length), end) === inner ? inner : undefined;
  const start = slashStart(text, end);
  return start < 0 ? undefined : text.slice(start, end);
}
