import type { Edit } from '../edit.ts';
import type { Decoded, Layer } from './layer.types.ts';

/** Takes the encoding off `text` between `start` and `end`; undefined when it is not of this encoding. */
export function decode(layer: Layer, text: string, start: number, end: number): Decoded | undefined {
  const bytes = Buffer.allocUnsafe(end - start);
  const offsets = new Int32Array(end - start + 1);
  let length = 0;
  for (let at = start; at < end; ) {
    const token = layer.readToken(text, at, end);
    if (!token) return undefined;
    for (let index = 0; index < token.bytes.length; index += 1) {
      bytes[length] = token.bytes.charCodeAt(index);
      offsets[length] = at;
      length += 1;
    }
    at = token.end;
  }
  offsets[length] = end;
  return { text: bytes.latin1Slice(0, length), offsets };
}

/** Translates edits of decoded text into edits of the encoded text it came from. */
export function encodeEdits(layer: Layer, text: string, { offsets }: Decoded, edits: readonly Edit[]): Edit[] {
  return edits.map((edit) => {
    const start = offsets[edit.start] as number;
    const end = offsets[edit.end] as number;
    return { start, end, text: encodeLike(layer, edit.text, text.slice(start, end)), hits: edit.hits };
  });
}

/** Each byte is spelt as the replaced bytes spell it, so that `\/` stays `\/` and `/` stays `/`. */
function encodeLike(layer: Layer, replacement: string, replaced: string): string {
  const spellings = new Map<string, string>();
  for (let at = 0; at < replaced.length; ) {
    const token = layer.readToken(replaced, at, replaced.length);
    if (!token) break;
    if (token.bytes.length === 1 && !spellings.has(token.bytes)) spellings.set(token.bytes, replaced.slice(at, token.end));
    at = token.end;
  }
  return replacement.replace(/[^]/g, (char) => spellings.get(char) ?? layer.encodeByte(char, replaced));
}
