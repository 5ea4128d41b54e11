import { ASCII } from './ascii.ts';

/** The character that the bytes at a place stand for, whatever they are encoded in. */
export type EncodedChar = {
  /** Code point, or -1 at the end of the text. */
  readonly code: number;
  readonly end: number;
};

const percentAhead = /%(?:25)*([0-9a-f]{2})/iy;
const entityAhead = /&(?:amp;)*(?:#x([0-9a-f]{1,12})|#([0-9]{1,12})|([a-z]{2,8}));/iy;
const charBehind = /(?:\\+u([0-9a-f]{4})|%(?:25)*([0-9a-f]{2})|&(?:amp;)*(?:#x([0-9a-f]{1,12})|#([0-9]{1,12})|([a-z]{2,8}));)$/i;
const controlEscapeBehind = /(?:\\|%(?:25)*5[cC])[bfnrt]$/;
const WINDOW = 40;

/** Entities of characters that decide whether an address goes on; all others end one. */
const NAMED: Readonly<Record<string, number>> = {
  period: ASCII.dot,
  colon: ASCII.colon,
  commat: ASCII.at,
  lowbar: ASCII.underscore,
  hyphen: ASCII.minus,
  dash: ASCII.minus,
  sol: ASCII.slash,
};

/** Reads the character at `position`. A backslash that is not a `\u` escape stands for itself: it ends addresses anyway. */
export function readChar(text: string, position: number): EncodedChar {
  if (position >= text.length) return { code: -1, end: position };
  const code = text.charCodeAt(position);
  if (code === ASCII.backslash) return readEscape(text, position);
  if (code === ASCII.percent) return readPercent(text, position);
  if (code === ASCII.ampersand) return readEntity(text, position);
  return plain(code, position);
}

/** The code of the character that ends at `position`; -1 at the start of the text, a space for `\n` and its like. */
export function codeBefore(text: string, position: number): number {
  if (position <= 0) return -1;
  const window = text.slice(Math.max(0, position - WINDOW), position);
  if (controlEscapeBehind.test(window)) return 0x20;
  const match = charBehind.exec(window);
  if (!match) return text.charCodeAt(position - 1);
  return codeOf(match[1] ?? match[2] ?? match[3], match[4], match[5]);
}

function readEscape(text: string, position: number): EncodedChar {
  let at = position;
  while (text.charCodeAt(at) === ASCII.backslash) at += 1;
  const hex = text.slice(at + 1, at + 5);
  if (text[at] !== 'u' || !/^[0-9a-f]{4}$/i.test(hex)) return { code: ASCII.backslash, end: at };
  return { code: Number.parseInt(hex, 16), end: at + 5 };
}

function readPercent(text: string, position: number): EncodedChar {
  percentAhead.lastIndex = position;
  const match = percentAhead.exec(text);
  if (!match) return plain(ASCII.percent, position);
  return { code: Number.parseInt(match[1] as string, 16), end: percentAhead.lastIndex };
}

function readEntity(text: string, position: number): EncodedChar {
  entityAhead.lastIndex = position;
  const match = entityAhead.exec(text);
  if (!match) return plain(ASCII.ampersand, position);
  return { code: codeOf(match[1], match[2], match[3]), end: entityAhead.lastIndex };
}

function codeOf(hex: string | undefined, decimal: string | undefined, name: string | undefined): number {
  if (hex !== undefined) return Number.parseInt(hex, 16);
  if (decimal !== undefined) return Number.parseInt(decimal, 10);
  return NAMED[(name ?? '').toLowerCase()] ?? ASCII.ampersand;
}

function plain(code: number, position: number): EncodedChar {
  return { code, end: position + 1 };
}
