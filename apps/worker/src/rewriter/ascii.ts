/** Byte values the lexers look for. */
export const ASCII = {
  quote: 0x22,
  percent: 0x25,
  ampersand: 0x26,
  plus: 0x2b,
  minus: 0x2d,
  dot: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  two: 0x32,
  five: 0x35,
  nine: 0x39,
  colon: 0x3a,
  semicolon: 0x3b,
  at: 0x40,
  backslash: 0x5c,
  underscore: 0x5f,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  tilde: 0x7e,
} as const;

export function isDigit(code: number): boolean {
  return code >= ASCII.zero && code <= ASCII.nine;
}

export function isAlphanumeric(code: number): boolean {
  const lower = code | 0x20;
  return isDigit(code) || (lower >= 0x61 && lower <= 0x7a);
}

/** Where the run of backslashes that ends at `end` begins. */
export function backslashRunStart(text: string, end: number): number {
  let start = end;
  while (start > 0 && text.charCodeAt(start - 1) === ASCII.backslash) start -= 1;
  return start;
}

/** Makes a byte string of a JavaScript string: its UTF-8 bytes, one char each. */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
