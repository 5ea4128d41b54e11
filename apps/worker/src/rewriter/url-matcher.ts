import { isAlphanumeric } from './ascii.ts';
import { endsAddress, opensAddress } from './boundaries.ts';
import type { Edit } from './edit.ts';
import { hostPattern } from './host-pattern.ts';
import { isSameOriginPort, type UrlTarget } from './rewrite-map.ts';
import { colonEnd, colonLike, colonStart, type Spelling, slashEnd, slashStart, spell } from './separators.ts';

/** What stands before a host: `https://` or `//`, however it is spelt. */
type Opening = {
  readonly start: number;
  /** Lower case; undefined for a protocol-relative address. */
  readonly scheme: string | undefined;
  /** Where the two slashes begin. */
  readonly slashes: number;
  readonly spelling: Spelling;
};

/** Finds all addresses of the targets in a text, from left to right. */
export function createUrlMatcher(targets: readonly UrlTarget[]): (text: string) => Edit[] {
  if (targets.length === 0) return () => [];
  const hosts = new RegExp(hostPattern(targets), 'g');
  const byHost = groupByHost(targets);
  return (text) => {
    const edits: Edit[] = [];
    hosts.lastIndex = 0;
    for (let match = hosts.exec(text); match; match = hosts.exec(text)) {
      const edit = matchAt(text, match.index, hosts.lastIndex, byHost.get(keyOf(match[0])) ?? []);
      if (edit) edits.push(edit);
    }
    return edits;
  };
}

function matchAt(text: string, hostStart: number, hostEnd: number, targets: readonly UrlTarget[]): Edit | undefined {
  const opening = readOpening(text, hostStart);
  if (!opening) return undefined;
  const port = readPort(text, hostEnd);
  for (const target of targets) {
    if (!isSameOriginPort(target, port.digits, opening.scheme)) continue;
    const end = endOfPath(text, port.end, target.path, opening.spelling);
    if (end < 0) continue;
    return { start: opening.start, end, text: render(text, hostStart, opening, target), hits: 1 };
  }
  return undefined;
}

/** Another scheme (`ftp://`) is another address; a bare host or `user@host` has no opening at all. */
function readOpening(text: string, hostStart: number): Opening | undefined {
  const second = slashStart(text, hostStart);
  if (second < 0) return undefined;
  const slash = text.slice(second, hostStart);
  const slashes = second - slash.length;
  if (slashes < 0 || text.slice(slashes, second).toLowerCase() !== slash.toLowerCase()) return undefined;
  const colon = colonStart(text, slashes);
  const scheme = colon < 0 ? undefined : schemeBefore(text, colon);
  if (scheme !== undefined) {
    const spelling = { slash, colon: text.slice(colon, slashes) };
    return { start: colon - scheme.length, scheme: scheme.toLowerCase(), slashes, spelling };
  }
  const isOtherScheme = colon > 0 && isAlphanumeric(text.charCodeAt(colon - 1));
  if (isOtherScheme || !opensAddress(text, slashes)) return undefined;
  return { start: slashes, scheme: undefined, slashes, spelling: { slash, colon: colonLike(slash) } };
}

function schemeBefore(text: string, colon: number): string | undefined {
  return /https?$/i.exec(text.slice(Math.max(0, colon - 5), colon))?.[0];
}

function readPort(text: string, hostEnd: number): { digits: string; end: number } {
  const start = colonEnd(text, hostEnd);
  const digits = start < 0 ? '' : (/^\d+/.exec(text.slice(start, start + 6))?.[0] ?? '');
  return digits === '' ? { digits, end: hostEnd } : { digits, end: start + digits.length };
}

/** End of the target's path behind the host, or -1 when something else, or something longer, is there. */
function endOfPath(text: string, start: number, path: string, { slash }: Spelling): number {
  let at = start;
  for (const segment of path.split('/').slice(1)) {
    const next = slashEnd(text, at);
    const spelt = spell(segment, { slash, colon: ':' });
    if (next < 0 || !text.startsWith(spelt, next)) return -1;
    at = next + spelt.length;
  }
  return endsAddress(text, at) ? at : -1;
}

function render(text: string, hostStart: number, opening: Opening, target: UrlTarget): string {
  const slashes = text.slice(opening.slashes, hostStart);
  const scheme = opening.scheme === undefined ? '' : target.toScheme + opening.spelling.colon;
  return scheme + slashes + spell(target.toRest, opening.spelling);
}

function groupByHost(targets: readonly UrlTarget[]): Map<string, UrlTarget[]> {
  const groups = new Map<string, UrlTarget[]>();
  for (const target of targets) {
    for (const host of target.hosts) groups.set(host, [...(groups.get(host) ?? []), target]);
  }
  return groups;
}

/** The host as the map spells it. Only ASCII letters change: the bytes above are parts of UTF-8 characters. */
function keyOf(host: string): string {
  return host.replace(/\\+u002d/gi, '-').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
