import { isAlphanumeric } from '../ascii.ts';
import type { Edit } from '../edit.ts';
import type { Decoded, Layer } from './layer.types.ts';

/** Takes the encoding off `text` between `start` and `end`; undefined when it is not of this encoding. */
export function decode(layer: Layer, text: string, start: number, end: number): Decoded | undefined {
  const encoded = text.slice(start, end);
  const parts: string[] = [];
  const decodedAt = [0];
  const encodedAt = [start];
  let length = 0;
  let from = 0;
  for (let at = nextEscape(layer, encoded, 0); at >= 0; at = nextEscape(layer, encoded, from)) {
    const token = layer.readToken(encoded, at, encoded.length);
    if (!token) return undefined;
    parts.push(encoded.slice(from, at), token.bytes);
    length += at - from + token.bytes.length;
    from = token.end;
    decodedAt.push(length);
    encodedAt.push(start + from);
  }
  parts.push(encoded.slice(from));
  return { text: parts.join(''), decodedAt, encodedAt };
}

/** Translates edits of decoded text into edits of the encoded text it came from. */
export function encodeEdits(layer: Layer, text: string, decoded: Decoded, edits: readonly Edit[]): Edit[] {
  return edits.map((edit) => {
    const start = encodedPosition(decoded, edit.start);
    const end = encodedPosition(decoded, edit.end);
    // Repaired lengths are digits, which stand for themselves in every encoding.
    const replacement = edit.hits === 0 ? edit.text : encodeLike(layer, edit.text, text.slice(start, end));
    return { start, end, text: replacement, hits: edit.hits };
  });
}

function nextEscape(layer: Layer, text: string, from: number): number {
  layer.escapeStart.lastIndex = from;
  return layer.escapeStart.exec(text)?.index ?? -1;
}

function encodedPosition({ decodedAt, encodedAt }: Decoded, position: number): number {
  let low = 0;
  let high = decodedAt.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((decodedAt[middle] as number) <= position) low = middle;
    else high = middle - 1;
  }
  return (encodedAt[low] as number) + position - (decodedAt[low] as number);
}

/**
 * Each byte is spelt as the replaced bytes spell it, so that `\/` stays `\/` and `/` stays `/`; where they spell it in
 * several ways, in their order, the last of them from then on. Letters and digits need no spelling.
 */
function encodeLike(layer: Layer, replacement: string, replaced: string): string {
  const spellings = spellingsIn(layer, replaced);
  return replacement.replace(/[^A-Za-z0-9]/g, (char) => {
    const own = spellings.get(char);
    return (own && own.length > 1 ? own.shift() : own?.[0]) ?? layer.encodeByte(char, replaced);
  });
}

function spellingsIn(layer: Layer, replaced: string): Map<string, string[]> {
  const spellings = new Map<string, string[]>();
  for (let at = 0; at < replaced.length; ) {
    if (isAlphanumeric(replaced.charCodeAt(at))) {
      at += 1;
      continue;
    }
    const token = layer.readToken(replaced, at, replaced.length);
    if (!token) break;
    const spelling = replaced.slice(at, token.end);
    const known = spellings.get(token.bytes);
    if (known) known.push(spelling);
    else spellings.set(token.bytes, [spelling]);
    at = token.end;
  }
  return spellings;
}
