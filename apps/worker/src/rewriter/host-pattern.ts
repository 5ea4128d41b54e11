import type { UrlTarget } from './rewrite-map.ts';

/**
 * Source of a regular expression for the hosts, longest first, letters in both cases. Hosts are never encoded beyond
 * that, with one exception: block attributes spell the `--` of punycode names `\u002d\u002d`.
 */
export function hostPattern(targets: readonly UrlTarget[]): string {
  const hosts = [...new Set(targets.flatMap((target) => target.hosts))];
  return hosts
    .sort((a, b) => b.length - a.length)
    .map(patternOfHost)
    .join('|');
}

/** Case-sensitive literal for a regular expression over byte strings. */
export function escapePattern(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

function patternOfHost(host: string): string {
  const hyphen = host.includes('--') ? String.raw`(?:-|\\{1,63}u002[dD])` : String.raw`\-`;
  return [...host].map((char) => patternOfChar(char, hyphen)).join('');
}

function patternOfChar(char: string, hyphen: string): string {
  if (char === '-') return hyphen;
  return /[a-z]/.test(char) ? `[${char}${char.toUpperCase()}]` : escapePattern(char);
}
