import { ASCII, toByteString } from '../ascii.ts';
import type { Layer, Token } from './layer.types.ts';

const SIMPLE: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The inside of a JSON string. */
export const jsonLayer: Layer = {
  escapeStart: /["\\]/g,
  readToken(text, position, end) {
    const code = text.charCodeAt(position);
    if (code !== ASCII.backslash) return code === ASCII.quote ? undefined : { bytes: text.charAt(position), end: position + 1 };
    const letter = position + 1 < end ? text.charAt(position + 1) : '';
    if (letter === 'u') return readUnicode(text, position, end);
    const bytes = SIMPLE[letter];
    return bytes === undefined ? undefined : { bytes, end: position + 2 };
  },
  encodeByte(char) {
    if (char === '"' || char === '\\') return `\\${char}`;
    return char < ' ' ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char;
  },
};

/** A lone surrogate stands for no bytes; PHP's decoder refuses it, too. */
function readUnicode(text: string, position: number, end: number): Token | undefined {
  const first = readUnit(text, position, end);
  if (first < 0) return undefined;
  if (first < 0xd800 || first > 0xdfff) return { bytes: toByteString(String.fromCharCode(first)), end: position + 6 };
  const second = readUnit(text, position + 6, end);
  if (first > 0xdbff || second < 0xdc00 || second > 0xdfff) return undefined;
  return { bytes: toByteString(String.fromCharCode(first, second)), end: position + 12 };
}

function readUnit(text: string, position: number, end: number): number {
  const unit = text.slice(position, Math.min(end, position + 6));
  return /^\\u[0-9a-f]{4}$/i.test(unit) ? Number.parseInt(unit.slice(2), 16) : -1;
}
