import { ASCII, backslashRunStart } from './ascii.ts';
import { entityLayer } from './layers/entity-layer.ts';
import { jsonLayer } from './layers/json-layer.ts';
import type { Layer } from './layers/layer.types.ts';
import { percentLayer } from './layers/percent-layer.ts';

/**
 * A stretch of text that seems to hold serialized data behind one or more encodings. Addresses are replaced without
 * decoding anything; only the lengths of serialized data need it.
 */
export type Island = {
  readonly start: number;
  readonly end: number;
  /** Outermost first. */
  readonly layers: readonly Layer[];
};

type Bounds = { readonly start: number; readonly end: number };
type FindBounds = (text: string, at: number, from: number) => Bounds;

/** What every kind of island holds; most text does not. */
const SERIALIZED_LENGTH = /[aOsC](?::|%(?:25){0,9}3[aA])\d/;
const SERIALIZED_START = /[aOsC]:\d{1,15}:/g;
const JSON_QUOTE = /"|u0022/g;
const PERCENT_STRING = /[sC]%(?:25){0,9}3[aA]\d{1,15}%/g;
const ENTITY_STRING = /[sC]:\d{1,15}:\\*&(?:amp;){0,9}(?:quot|#0*34|#[xX]0*22);/g;
const MOST_JSON_LEVELS = 12;

/** Yields candidates from left to right for each encoding; they may be contained in one another. */
export function* findIslands(text: string): Generator<Island> {
  if (!SERIALIZED_LENGTH.test(text)) return;
  yield* findEncoded(text, PERCENT_STRING, boundsOfPercentRun, percentLayer);
  yield* findEncoded(text, ENTITY_STRING, boundsOfAttribute, entityLayer);
  yield* findJsonStrings(text);
}

function* findEncoded(text: string, pattern: RegExp, findBounds: FindBounds, layer: Layer): Generator<Island> {
  for (let from = 0; ; ) {
    const at = search(pattern, text, from);
    if (at < 0) return;
    const bounds = findBounds(text, at, from);
    yield { ...bounds, layers: [layer] };
    from = Math.max(bounds.end, at + 1);
  }
}

/** JSON strings of any level that begin with a serialized value: `"a:1:…`, `\"a:1:…`, `\\\"a:1:…`. */
function* findJsonStrings(text: string): Generator<Island> {
  for (let from = 0; ; ) {
    const start = search(SERIALIZED_START, text, from);
    if (start < 0) return;
    from = SERIALIZED_START.lastIndex;
    const at = openerBefore(text, start);
    if (at < 0) continue;
    const backslashes = at - backslashRunStart(text, at);
    const levels = levelsOf(backslashes, text.charCodeAt(at) !== ASCII.quote);
    const end = levels === 0 ? -1 : endOfJsonString(text, start, backslashes);
    if (end > start) yield { start, end, layers: Array<Layer>(levels).fill(jsonLayer) };
  }
}

/** Where the quote in front of `start` is, or -1. */
function openerBefore(text: string, start: number): number {
  if (text.charCodeAt(start - 1) === ASCII.quote) return start - 1;
  return text.slice(Math.max(0, start - 5), start) === 'u0022' ? start - 5 : -1;
}

/** A quote of the nth level has 2^(n-1) - 1 backslashes, of which `\u0022` shows the last. */
function levelsOf(backslashes: number, isUnicode: boolean): number {
  if (isUnicode && backslashes === 0) return 0;
  const levels = Math.log2(backslashes + 1) + 1;
  return Number.isInteger(levels) && levels <= MOST_JSON_LEVELS ? levels : 0;
}

/** Quotes inside have more backslashes than the one that closes; one with fewer closes something further out. */
function endOfJsonString(text: string, start: number, backslashes: number): number {
  for (let from = start; ; ) {
    const at = search(JSON_QUOTE, text, from);
    if (at < 0) return -1;
    from = JSON_QUOTE.lastIndex;
    const runStart = Math.max(start, backslashRunStart(text, at));
    const run = at - runStart;
    const isQuote = run > 0 || text.charCodeAt(at) === ASCII.quote;
    if (isQuote && run <= backslashes) return run === backslashes ? runStart : -1;
  }
}

function boundsOfPercentRun(text: string, at: number, from: number): Bounds {
  let start = at;
  while (start > from && isPercentRun(text, start - 1)) start -= 1;
  let end = at;
  while (end < text.length && isPercentRun(text, end)) end += 1;
  return { start, end };
}

function isPercentRun(text: string, at: number): boolean {
  return /[A-Za-z0-9%._~+*!()-]/.test(text.charAt(at));
}

/** An attribute's value between its quotes, which JSON may have escaped, or text between tags. */
function boundsOfAttribute(text: string, at: number, from: number): Bounds {
  let start = at;
  while (start > from && !opensAttribute(text, start - 1)) start -= 1;
  const opener = start > from ? text.charAt(start - 1) : '>';
  const closer = text.indexOf(opener === '>' ? '<' : opener, at);
  return { start, end: closer < 0 ? text.length : Math.max(at, backslashRunStart(text, closer)) };
}

/** An apostrophe may stand within a value between double quotes, so that only one after `=` opens an attribute. */
function opensAttribute(text: string, at: number): boolean {
  const char = text.charAt(at);
  return char === '"' || char === '>' || (char === "'" && text.charAt(at - 1) === '=');
}

function search(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}
