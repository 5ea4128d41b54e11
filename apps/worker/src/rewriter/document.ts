import { countBefore, type Edit, withoutOverlaps } from './edit.ts';
import { findIslands, type Island } from './islands.ts';
import { decode, encodeEdits } from './layers/layer.ts';
import { findShortcodeEdits } from './shortcodes.ts';
import { findStructure, grow, type Leaf, repairLengths } from './structure.ts';

/** Finds the addresses and paths in a text, in whatever spelling; knows nothing of lengths. */
export type Matcher = (text: string) => Edit[];

/** Bytes that may still be decoded for one value: hostile data nests encodings faster than it grows. */
type Budget = { left: number };

type Found = {
  readonly edits: readonly Edit[];
  /** There were lengths to look after. */
  readonly isStructured: boolean;
};

const DECODED_BYTES_PER_BYTE = 32;
const SMALLEST_BUDGET = 65_536;
const MOST_LEVELS = 16;
const NOTHING: Found = { edits: [], isStructured: false };

/**
 * All edits of one value, sorted and without overlaps: the matcher's, with base64 content opened and the lengths of
 * serialized data repaired wherever it stands. What is too deep or too costly to open is treated as plain text.
 */
export function findEdits(text: string, match: Matcher): readonly Edit[] {
  const budget = { left: Math.max(SMALLEST_BUDGET, text.length * DECODED_BYTES_PER_BYTE) };
  return new Search(match, budget).search(text, 0).edits;
}

class Search {
  private readonly match: Matcher;
  private readonly budget: Budget;

  constructor(match: Matcher, budget: Budget) {
    this.match = match;
    this.budget = budget;
  }

  search(text: string, level: number): Found {
    if (level > MOST_LEVELS) return NOTHING;
    const hits = this.findHits(text, level);
    if (hits.length === 0) return NOTHING;
    const { fields, leaves } = findStructure(text, hits);
    const edits: Edit[] = [];
    let isStructured = fields.length > 0;
    for (const leaf of leaves) {
      const found = this.searchLeaf(text.slice(leaf.start, leaf.end), hitsWithin(hits, leaf), level);
      isStructured ||= found.isStructured;
      for (const edit of found.edits) {
        edits.push(shift(edit, leaf.start));
        grow(fields, leaf.parent, edit.text.length - (edit.end - edit.start));
      }
    }
    for (const repair of repairLengths(text, fields)) edits.push(repair);
    return { edits: withoutOverlaps(edits), isStructured };
  }

  private findHits(text: string, level: number): Edit[] {
    const hits = this.match(text);
    const encoded = findShortcodeEdits(text, (content) => this.searchContent(content, level + 1));
    return withoutOverlaps(encoded.length === 0 ? hits : [...hits, ...encoded]);
  }

  private searchContent(text: string, level: number): readonly Edit[] {
    return this.spend(text.length) ? this.search(text, level).edits : [];
  }

  /** Plain text: edits as found, except within islands, whose lengths want repair; the outermost island wins. */
  private searchLeaf(text: string, hits: readonly Edit[], level: number): Found {
    const edits: Edit[] = [];
    let reached = 0;
    let taken = 0;
    for (const island of islandsWithHits(text, hits)) {
      const found = island.start < reached ? undefined : this.searchIsland(text, island, level);
      if (!found) continue;
      const first = countBefore(hits, island.start);
      for (const edit of hits.slice(taken, first)) edits.push(edit);
      for (const edit of found) edits.push(edit);
      taken = countBefore(hits, island.end);
      reached = island.end;
    }
    return { edits: taken === 0 ? hits : edits.concat(hits.slice(taken)), isStructured: reached > 0 };
  }

  /** The edits of an island, or undefined when it holds no serialized data after all. */
  private searchIsland(text: string, island: Island, level: number): readonly Edit[] | undefined {
    const [layer, ...inner] = island.layers;
    if (!layer || !this.spend(island.end - island.start)) return undefined;
    const decoded = decode(layer, text, island.start, island.end);
    if (!decoded) return undefined;
    const edits =
      inner.length > 0
        ? this.searchIsland(decoded.text, { start: 0, end: decoded.text.length, layers: inner }, level)
        : this.searchStructured(decoded.text, level + 1);
    return edits && encodeEdits(layer, text, decoded, edits);
  }

  private searchStructured(text: string, level: number): readonly Edit[] | undefined {
    const { edits, isStructured } = this.search(text, level);
    return isStructured ? edits : undefined;
  }

  private spend(bytes: number): boolean {
    this.budget.left -= bytes;
    return this.budget.left >= 0;
  }
}

function islandsWithHits(text: string, hits: readonly Edit[]): Island[] {
  const islands: Island[] = [];
  for (const island of findIslands(text)) {
    if (countBefore(hits, island.end) > countBefore(hits, island.start)) islands.push(island);
  }
  return islands.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** The hits of a leaf, positioned in the leaf's own text. */
function hitsWithin(hits: readonly Edit[], { start, end }: Leaf): readonly Edit[] {
  const within = hits.slice(countBefore(hits, start), countBefore(hits, end));
  return start === 0 ? within : within.map((hit) => shift(hit, -start));
}

function shift(edit: Edit, by: number): Edit {
  return by === 0 ? edit : { ...edit, start: edit.start + by, end: edit.end + by };
}
