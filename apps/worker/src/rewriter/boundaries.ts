import { ASCII, isAlphanumeric } from './ascii.ts';
import { codeBefore, readChar } from './encoded-char.ts';

/**
 * Where addresses begin and end. The rules are negative (what would go on), so that every other byte is a boundary:
 * quotes, brackets, white space, escapes, the end, and all bytes above 0x7f, since prose in scripts without spaces
 * follows an address directly.
 */

/**
 * True when an address or path that ends at `position` is whole: no longer name (`/blog` in `/blogger` or `/blog.html`),
 * no other port, no `user@`. Hosts and paths end alike, or a rewrite from one to the other could not be undone.
 */
export function endsAddress(text: string, position: number): boolean {
  const next = readChar(text, position);
  if (isHostCode(next.code) || next.code === ASCII.at) return false;
  if (next.code === ASCII.dot) return !isHostCode(readChar(text, next.end).code);
  if (next.code === ASCII.colon) return !isAlphanumeric(readChar(text, next.end).code);
  return true;
}

/** True when `//host` or `/absolute/path` may begin at `position`: not in the middle of another address or path. */
export function opensAddress(text: string, position: number): boolean {
  const code = codeBefore(text, position);
  return !(isHostCode(code) || NEVER_BEFORE.has(code));
}

const NEVER_BEFORE = codesOf('/.~@}');

function isHostCode(code: number): boolean {
  return isAlphanumeric(code) || code === ASCII.minus || code === ASCII.underscore;
}

function codesOf(chars: string): ReadonlySet<number> {
  return new Set([...chars].map((char) => char.charCodeAt(0)));
}
