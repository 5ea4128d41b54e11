import { ASCII, backslashRunStart } from './ascii.ts';

/**
 * How `/` and `:` are spelt in the encodings that addresses occur in: plain, behind the backslashes of n JSON levels,
 * as `\u002f`, percent-encoded n times (also with the JSON backslash percent-encoded), or as an HTML entity.
 */
const FORWARD_SLASH = String.raw`\\*\/|(?:%(?:25)*5[cC])*%(?:25)*2[fF]|\\+u002[fF]|&(?:amp;)*(?:#[xX]0*2[fF]|#0*47|sol);`;
const FORWARD_COLON = String.raw`:|%(?:25)*3[aA]|\\+u003[aA]|&(?:amp;)*(?:#[xX]0*3[aA]|#0*58|colon);`;

/** Source of a regular expression for one slash in any spelling; bounded, so that a search stays linear. */
export const SLASH_PATTERN = String.raw`(?:\\{0,255}\/|(?:%(?:25){0,9}5[cC]){0,63}%(?:25){0,9}2[fF]|\\{1,255}u002[fF]|&(?:amp;){0,9}(?:#[xX]0{0,4}2[fF]|#0{0,4}47|sol);)`;

const slashAhead = new RegExp(FORWARD_SLASH, 'y');
const colonAhead = new RegExp(FORWARD_COLON, 'y');
const slashEntityBehind = /&(?:amp;)*(?:#x0*2f|#0*47|sol);$/i;
const colonEntityBehind = /&(?:amp;)*(?:#x0*3a|#0*58|colon);$/i;
const LONGEST_ENTITY = 64;

/** The spelling of the separators of one address. */
export type Spelling = { readonly slash: string; readonly colon: string };

/** End of the slash that begins at `start`, or -1. */
export function slashEnd(text: string, start: number): number {
  return endOf(slashAhead, text, start);
}

/** End of the colon that begins at `start`, or -1. */
export function colonEnd(text: string, start: number): number {
  return endOf(colonAhead, text, start);
}

/** Start of the slash that ends at `end`, with all backslashes that belong to it, or -1. */
export function slashStart(text: string, end: number): number {
  const last = text.charCodeAt(end - 1);
  if (last === ASCII.slash) return backslashRunStart(text, end - 1);
  if (last === 0x46 || last === 0x66) return hexStart(text, end, ASCII.two);
  if (last === ASCII.semicolon) return entityStart(text, end, slashEntityBehind);
  return -1;
}

/** Start of the colon that ends at `end`, or -1. */
export function colonStart(text: string, end: number): number {
  const last = text.charCodeAt(end - 1);
  if (last === ASCII.colon) return end - 1;
  if (last === 0x41 || last === 0x61) return hexStart(text, end, 0x33);
  if (last === ASCII.semicolon) return entityStart(text, end, colonEntityBehind);
  return -1;
}

/** The colon as the encoding of this slash spells it, for addresses that had none to copy. */
export function colonLike(slash: string): string {
  if (slash.endsWith('/')) return ':';
  const digits = slash.slice(-1) === 'F' ? '3A' : '3a';
  if (slash.includes('%')) return slash.slice(slash.lastIndexOf('%'), -2) + digits;
  if (slash.startsWith('\\')) return slash.slice(0, -2) + digits;
  return slash.replace('sol;', 'colon;').replace('47;', '58;').replace('2F;', '3A;').replace('2f;', '3a;');
}

/** How many times the slash is percent-encoded; 0 for the other spellings. */
function percentDepth(slash: string): number {
  const percent = slash.lastIndexOf('%');
  return percent < 0 ? 0 : (slash.length - percent - 1) / 2;
}

/** Writes an address' separators (and percent signs, where those are encoded) in the given spelling. */
export function spell(address: string, { slash, colon }: Spelling): string {
  if (slash === '/' && colon === ':') return address;
  const depth = percentDepth(slash);
  const percent = depth === 0 ? '%' : `%${'25'.repeat(depth)}`;
  return address.replace(/[/:%]/g, (char) => (char === '/' ? slash : char === ':' ? colon : percent));
}

function endOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

function entityStart(text: string, end: number, pattern: RegExp): number {
  const window = text.slice(Math.max(0, end - LONGEST_ENTITY), end);
  const match = pattern.exec(window);
  return match ? end - match[0].length : -1;
}

/** For `%2F`, `%252F`, `\u002f` and the same with 3A: `high` is the first of the two hex digits. */
function hexStart(text: string, end: number, high: number): number {
  const digits = end - 2;
  if (digits < 1 || text.charCodeAt(digits) !== high) return -1;
  let percent = digits - 1;
  while (text.charCodeAt(percent) === ASCII.five && text.charCodeAt(percent - 1) === ASCII.two) percent -= 2;
  if (text.charCodeAt(percent) === ASCII.percent) return encodedBackslashesStart(text, percent, digits);
  if (text.slice(digits - 3, digits) !== 'u00') return -1;
  const start = backslashRunStart(text, digits - 3);
  return start < digits - 3 ? start : -1;
}

/** JSON's backslashes before a slash are percent-encoded along with it. */
function encodedBackslashesStart(text: string, percent: number, digits: number): number {
  const backslash = `${text.slice(percent, digits)}5c`;
  let start = percent;
  while (start >= backslash.length && text.slice(start - backslash.length, start).toLowerCase() === backslash) {
    start -= backslash.length;
  }
  return start;
}
