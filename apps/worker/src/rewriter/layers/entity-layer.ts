import { ASCII, toByteString } from '../ascii.ts';
import type { Layer } from './layer.types.ts';

const BY_NAME: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  amp: '&',
  lt: '<',
  gt: '>',
  sol: '/',
  colon: ':',
};
const BY_CHAR: Readonly<Record<string, string>> = { '"': '&quot;', '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#039;' };
const ENTITY = /&(?:#[xX]([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]{2,5}));/y;

/** Text as `htmlspecialchars` leaves it. Names that it does not make stay as they are. */
export const entityLayer: Layer = {
  escapeStart: /&/g,
  readToken(text, position, end) {
    const plain = { bytes: text.charAt(position), end: position + 1 };
    if (text.charCodeAt(position) !== ASCII.ampersand) return plain;
    ENTITY.lastIndex = position;
    const match = ENTITY.exec(text);
    const bytes = match && ENTITY.lastIndex <= end ? bytesOf(match[1], match[2], match[3]) : undefined;
    return bytes === undefined ? plain : { bytes, end: position + (match as RegExpExecArray)[0].length };
  },
  encodeByte(char) {
    return BY_CHAR[char] ?? char;
  },
};

function bytesOf(hex: string | undefined, decimal: string | undefined, name: string | undefined): string | undefined {
  if (name !== undefined) return Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return code > 0x10ffff ? undefined : toByteString(String.fromCodePoint(code));
}
