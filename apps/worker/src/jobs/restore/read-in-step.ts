import type { BaseChunk, BaseEntry } from '../../base/base-chunks.ts';
import { decodeEntries } from '../../base/base-chunks.ts';
import { tableBaseName } from '../../base/table-recorder.ts';
import { type BaseStore, readPart } from '../../drivers/agent/base-store.ts';
import { type RangeRows, readRanges } from '../../drivers/agent/compare-reads.ts';
import { prefetch } from '../../drivers/agent/prefetch.ts';
import type { RowRange, RowSelection, SourceAgent } from '../../drivers/agent/source-agent.ts';

/** A range of rows, and what the base says of it. */
export type PlacedRange = { readonly range: RowRange; readonly chunk: BaseChunk | undefined };

/** What both sites have in a range, and what the clone's base knows of it. */
export type RangeContents = {
  readonly chunk: BaseChunk | undefined;
  readonly clone: RangeRows;
  readonly target: RangeRows;
  readonly entries: Map<string, BaseEntry>;
};

export type StepSides = {
  readonly clone: { readonly agent: SourceAgent; readonly rows: RowSelection };
  readonly target: { readonly agent: SourceAgent; readonly rows: RowSelection };
  readonly base: { readonly store: BaseStore; readonly table: string } | undefined;
};

/** Of each side so much is read ahead. */
const AHEAD = { items: 256, bytes: 4 << 20, sizeOf: (rows: RangeRows) => rows.reduce((sum, part) => sum + part.length, 0) };
/** Entries of chunks that are read at once: neighbours lie side by side, a head between them. */
const ENTRIES_BYTES = 1 << 20;

/** Reads ranges of both sites and of the base side by side, many ranges a request, and hands them out one by one. */
export async function* readInStep(
  { clone, target, base }: StepSides,
  ranges: readonly PlacedRange[],
): AsyncGenerator<RangeContents> {
  const wanted = ranges.map(({ range: { after, upto } }) => ({ after, upto }));
  const readers = {
    clone: prefetch(readRanges(clone.agent, clone.rows, wanted), AHEAD),
    target: prefetch(readRanges(target.agent, target.rows, wanted), AHEAD),
    entries: prefetch(readEntries(base, ranges), { items: 64 }),
  };
  try {
    for (const { chunk } of ranges) {
      const next = await Promise.all([readers.clone.next(), readers.target.next(), readers.entries.next()]);
      const [cloneRows, targetRows, entries] = next;
      yield { chunk, clone: cloneRows.value ?? [], target: targetRows.value ?? [], entries: entries.value ?? new Map() };
    }
  } finally {
    await Promise.all(Object.values(readers).map((reader) => reader.return(undefined)));
  }
}

/** The entries of each range's chunk, in order; none where there is no chunk. */
async function* readEntries(base: StepSides['base'], ranges: readonly PlacedRange[]): AsyncGenerator<Map<string, BaseEntry>> {
  if (base === undefined) return;
  for (const run of runsOf(ranges.map(({ chunk }) => chunk))) {
    const [first, last] = [run.at(0), run.at(-1)];
    if (first === undefined || last === undefined) {
      yield new Map();
      continue;
    }
    const part = { offset: first.at, bytes: last.at + last.bytes - first.at };
    const data = await readPart(base.store, tableBaseName(base.table), part);
    for (const { at, bytes } of run) yield decodeEntries(data.subarray(at - first.at, at - first.at + bytes));
  }
}

/** Chunks in their order, those together that are worth one request; a range without a chunk is an empty run. */
function* runsOf(chunks: readonly (BaseChunk | undefined)[]): Generator<BaseChunk[]> {
  let run: BaseChunk[] = [];
  for (const chunk of chunks) {
    const begin = run[0];
    const fits = chunk && begin && chunk.at > begin.at && chunk.at + chunk.bytes - begin.at <= ENTRIES_BYTES;
    if (begin && !fits) {
      yield run;
      run = [];
    }
    if (chunk) run.push(chunk);
    else yield [];
  }
  if (run.length > 0) yield run;
}
