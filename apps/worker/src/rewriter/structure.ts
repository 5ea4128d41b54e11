import { countBefore, type Edit } from './edit.ts';
import { type CountedPart, type IsWanted, lexCustomPayload, lexSerialized } from './serialized-lexer.ts';

/** A stretch of plain text, at the top or as a string in serialized data, with at least one edit in it. */
export type Leaf = { readonly start: number; readonly end: number; readonly parent: number };

/** A counted value with edits in it; `growth` sums up how much longer its payload gets. */
export type Field = CountedPart & { readonly parent: number; growth: number };

/** Where the edits of a text stand in its serialized structure, outermost fields first. */
export type Structure = { readonly fields: Field[]; readonly leaves: readonly Leaf[] };

type Region = Leaf & { readonly isCustom: boolean };

/** `parent` of what stands in no field. */
export const NO_FIELD = -1;

/**
 * Opens serialized values within serialized values, n levels, wherever edits stand in them. Each string is looked into
 * once and strings are skipped by length, so the work is linear, however deep the nesting.
 */
export function findStructure(text: string, edits: readonly Edit[]): Structure {
  const hasEdits: IsWanted = (start, end) => (edits[countBefore(edits, start)]?.start ?? end) < end;
  const fields: Field[] = [];
  const leaves: Leaf[] = [];
  const regions: Region[] = [{ start: 0, end: text.length, parent: NO_FIELD, isCustom: false }];
  for (let region = regions.pop(); region; region = regions.pop()) {
    const parts = lexRegion(text, region, hasEdits);
    if (!parts) leaves.push(region);
    for (const part of parts ?? []) {
      fields.push({ ...part, parent: region.parent, growth: 0 });
      regions.push({ start: part.start, end: part.end, parent: fields.length - 1, isCustom: part.isCustom });
    }
  }
  return { fields, leaves: leaves.sort((a, b) => a.start - b.start) };
}

/**
 * Repairs the lengths of all fields whose payload grew, from the inside out: a repaired length may itself be longer
 * than before, which its parents must count.
 */
export function repairLengths(text: string, fields: readonly Field[]): Edit[] {
  const repairs: Edit[] = [];
  for (const field of fields.toReversed()) {
    if (field.growth === 0) continue;
    const digits = text.slice(field.digitsStart, field.digitsEnd);
    const repaired = String(Number(digits) + field.growth);
    repairs.push({ start: field.digitsStart, end: field.digitsEnd, text: repaired, hits: 0 });
    grow(fields, field.parent, field.growth + repaired.length - digits.length);
  }
  return repairs;
}

/** Adds to the growth of a field, where there is one. */
export function grow(fields: readonly Field[], index: number, bytes: number): void {
  const field = fields[index];
  if (field) field.growth += bytes;
}

/** WordPress trims a value before it unserializes it. */
function lexRegion(text: string, region: Region, isWanted: IsWanted): CountedPart[] | undefined {
  if (region.isCustom) return lexCustomPayload(text, region.start, region.end, isWanted);
  let { start, end } = region;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return lexSerialized(text, start, end, isWanted);
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0c) || code === 0x00;
}
