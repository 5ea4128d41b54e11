import { domainToASCII, domainToUnicode } from 'node:url';
import { AppError } from '@wcr/shared/errors/app-error';
import { toByteString } from './ascii.ts';
import type { PathMapping, RewriteMap, UrlMapping } from './rewriter.types.ts';

/** One address to look for and what it becomes, as byte strings. */
export type UrlTarget = {
  /** Spellings of the host in lower case: as given, and for international names in Unicode and punycode. */
  readonly hosts: readonly string[];
  /** Explicit port; empty for the scheme's own. */
  readonly port: string;
  /** Empty or `/a/b`. */
  readonly path: string;
  readonly toScheme: string;
  /** Host, port and path of the new address. */
  readonly toRest: string;
};

type Address = { readonly scheme: string; readonly host: string; readonly port: string; readonly path: string };

const ADDRESS = /^(https?):\/\/(\[[0-9a-f:.]+\]|[^\s/:?#@[\]\\"'<>]+)(?::(\d{1,5}))?(\/[^\s?#\\"'<>]*)?$/i;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * Compiles the addresses of a map, the longest path of a host first.
 *
 * @throws AppError `source.invalid_url` for an address that is not `http(s)://host[:port][/path]`
 */
export function compileUrls(mappings: readonly UrlMapping[]): UrlTarget[] {
  return mappings.map(compileUrl).sort((a, b) => b.path.length - a.path.length);
}

/** Paths as byte strings without trailing slash, the longest first; a relative path or the root of the disk is no mapping. */
export function compilePaths(mappings: readonly PathMapping[]): PathMapping[] {
  return mappings
    .map(({ from, to }) => ({ from: toByteString(withoutSlash(from)), to: toByteString(withoutSlash(to)) }))
    .filter(({ from }) => from.startsWith('/'))
    .sort((a, b) => b.from.length - a.from.length);
}

/** Whether `port` (as written, empty when none is) means the same origin as the target for this scheme. */
export function isSameOriginPort(target: UrlTarget, port: string, scheme: string | undefined): boolean {
  if (target.port === port) return true;
  return target.port === '' && scheme !== undefined && DEFAULT_PORTS[scheme] === port;
}

/** The map that undoes `map`. Where several addresses became one, that one goes back to the first of them. */
export function invertMap(map: RewriteMap): RewriteMap {
  return { urls: invert(map.urls, keyOfUrl), paths: invert(map.paths, withoutSlash) };
}

function compileUrl({ from, to }: UrlMapping): UrlTarget {
  const source = parseAddress(from);
  const target = parseAddress(to);
  const port = target.port === '' ? '' : `:${target.port}`;
  return {
    hosts: spellingsOf(source.host),
    port: source.port,
    path: toByteString(source.path),
    toScheme: target.scheme,
    toRest: toByteString(`${target.host}${port}${target.path}`),
  };
}

function parseAddress(url: string): Address {
  const match = ADDRESS.exec(url);
  if (!match) throw new AppError('source.invalid_url', { reason: `${url} is not an http address` });
  const [, scheme = '', host = '', port = '', path = ''] = match;
  const lower = scheme.toLowerCase();
  return { scheme: lower, host, port: port === DEFAULT_PORTS[lower] ? '' : port, path: withoutSlash(path) };
}

function spellingsOf(host: string): string[] {
  const given = host.toLowerCase();
  if (given.startsWith('[')) return [given];
  const spellings = [given, domainToASCII(given), domainToUnicode(given)].filter((spelling) => spelling !== '');
  return [...new Set(spellings)].map(toByteString);
}

function invert<Mapping extends { from: string; to: string }>(
  mappings: readonly Mapping[],
  keyOf: (address: string) => string,
): { from: string; to: string }[] {
  const byKey = new Map<string, { from: string; to: string }>();
  for (const { from, to } of mappings) {
    const key = keyOf(to);
    if (!byKey.has(key)) byKey.set(key, { from: to, to: from });
  }
  return [...byKey.values()];
}

function keyOfUrl(url: string): string {
  const { host, port, path } = parseAddress(url);
  return `${host.toLowerCase()}:${port}${path}`;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}
