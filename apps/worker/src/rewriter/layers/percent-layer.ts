import { ASCII } from '../ascii.ts';
import type { Layer } from './layer.types.ts';

/** What `rawurlencode` (upper-case hex) or `urlencode` (with `+` for spaces) makes of bytes. */
export const percentLayer: Layer = {
  escapeStart: /[%+]/g,
  readToken(text, position, end) {
    const code = text.charCodeAt(position);
    if (code === ASCII.plus) return { bytes: ' ', end: position + 1 };
    const hex = code === ASCII.percent ? text.slice(position + 1, Math.min(end, position + 3)) : '';
    if (!/^[0-9a-f]{2}$/i.test(hex)) return { bytes: text.charAt(position), end: position + 1 };
    return { bytes: String.fromCharCode(Number.parseInt(hex, 16)), end: position + 3 };
  },
  encodeByte(char, example) {
    if (/[A-Za-z0-9\-_.~]/.test(char)) return char;
    const hex = char.charCodeAt(0).toString(16).padStart(2, '0');
    return `%${/%(?:[a-f]|\d[a-f])/.test(example) ? hex : hex.toUpperCase()}`;
  },
};
