import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import { jsonOf, noProgress, parseAnswer } from './answers.ts';
import { pathFromWire, pathToWire } from './index-codec.ts';
import type { RowRange, RowSelection, SourceAgent } from './source-agent.ts';

/** A staging table or file of an open session instead of the site's own. */
export type Staged = { readonly session: string; readonly part?: 'rows' | 'former' };
export type RowDigest = { readonly rows: number; readonly checksum: bigint };
export type HashAlgorithm = 'md5' | 'crc32b';

/** Ranges in one request, and the length of their cursors, which keys of long texts make large: its description has a limit. */
const RANGES_PER_REQUEST = 2_000;
const CURSORS_PER_REQUEST = 512 << 10;
const FILES_PER_REQUEST = 400;

const DigestAnswer = z.object({
  ranges: z.array(z.object({ index: z.number().int(), rows: z.int().nonnegative(), checksum: z.string().regex(/^\d{1,20}$/) })),
});
const HashesAnswer = z.object({
  hashes: z.array(z.object({ path: z.string(), md5: z.string().optional(), crc32b: z.string().optional() })),
});
const SiteInventory = z.object({
  plugins: z.array(z.object({ file: z.string(), name: z.string(), version: z.string(), active: z.boolean() })),
  themes: z.array(z.object({ slug: z.string(), name: z.string(), version: z.string(), active: z.boolean() })),
  /** The id of the administrator who came first; null where there is none. */
  firstAdministrator: z.number().nullable(),
});
export type SiteInventory = z.infer<typeof SiteInventory>;

/** Plugins and themes, as the headers of their files tell. */
export async function readInventory(agent: SourceAgent): Promise<SiteInventory> {
  const { frames } = await agent.ask('site.inventory', {});
  return parseAnswer(SiteInventory, jsonOf(frames));
}

/** The number of rows and the sum of their hashes, of each range. */
export async function digestRows(
  agent: SourceAgent,
  of: RowSelection & Partial<Staged>,
  ranges: readonly RowRange[],
): Promise<RowDigest[]> {
  const digests = ranges.map(() => ({ rows: 0, checksum: 0n }));
  for (let from = 0; from < ranges.length; ) {
    const asked = ranges.slice(from, from + countForRequest(ranges, from));
    for await (const part of digestParts(agent, of, asked)) {
      const digest = digests[from + part.index];
      if (digest === undefined) throw new AppError('agent.malformed', { reason: 'a range nobody asked for' });
      digest.rows += part.rows;
      digest.checksum = BigInt.asUintN(64, digest.checksum + BigInt(part.checksum));
    }
    from += asked.length;
  }
  return digests;
}

/** The rows of one range, packed, in several parts where they are many. */
export type RangeRows = readonly Buffer[];

/**
 * The rows of each range, in the order of `ranges`; empty ones too. Many ranges cost few requests; one slice is in memory at a
 * time, or one range where that is more.
 */
export async function* readRanges(
  agent: SourceAgent,
  of: RowSelection & { readonly compress?: boolean },
  ranges: readonly RowRange[],
): AsyncGenerator<RangeRows> {
  for (let from = 0; from < ranges.length; ) {
    const asked = ranges.slice(from, from + countForRequest(ranges, from));
    yield* rangesOfRequest(agent, of, asked);
    from += asked.length;
  }
}

async function* rangesOfRequest(agent: SourceAgent, of: RowSelection, ranges: readonly RowRange[]): AsyncGenerator<RangeRows> {
  const collected = new Collected(ranges.length);
  for await (const { frames, next } of slicesOf(agent, 'rows.ranges', { ...of, ranges })) {
    for (const { kind, meta, data } of frames) {
      if (kind !== 'R') continue;
      yield* collected.before(Number(meta['index']));
      collected.add(data);
    }
    yield* collected.before(next?.index ?? ranges.length);
  }
}

/** Frames of ranges in their order, until a range is complete. */
class Collected {
  readonly #count: number;
  #parts: Buffer[] = [];
  #index = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** The ranges before another one: they are complete. @throws AppError `agent.malformed` */
  *before(index: number): Generator<RangeRows> {
    if (!(index >= this.#index && index <= this.#count))
      throw new AppError('agent.malformed', { reason: 'ranges came out of order' });
    for (; this.#index < index; this.#index += 1, this.#parts = []) yield this.#parts;
  }

  add(data: Buffer): void {
    this.#parts.push(data);
  }
}

const NextPlace = z.object({ index: z.number().int().nonnegative(), cursor: z.string().nullable() });
type Slice = { readonly frames: readonly Frame[]; readonly next: z.infer<typeof NextPlace> | undefined };

/** The slices of an operation that goes through ranges. @throws AppError `agent.malformed` when one brings nothing new */
async function* slicesOf(agent: SourceAgent, operation: string, args: object): AsyncGenerator<Slice> {
  for (let at: Slice['next']; ; ) {
    const { frames, end } = await agent.ask(operation, { ...args, ...(at !== undefined && { at }) });
    const next = end['done'] === true ? undefined : parseAnswer(NextPlace, end['next']);
    if (next !== undefined && at !== undefined && !isBehind(next, at)) throw noProgress();
    yield { frames, next };
    if (next === undefined) return;
    at = next;
  }
}

/** Cursors cannot be compared here; within a range there is one less each time, and a job's time ends. */
function isBehind(next: NonNullable<Slice['next']>, at: NonNullable<Slice['next']>): boolean {
  return next.index > at.index || (next.index === at.index && next.cursor !== at.cursor);
}

function countForRequest(ranges: readonly RowRange[], from: number): number {
  let length = 0;
  for (let count = 0; count < RANGES_PER_REQUEST; count += 1) {
    const range = ranges[from + count];
    if (range === undefined) return count;
    length += (range.after?.length ?? 0) + (range.upto?.length ?? 0);
    if (length > CURSORS_PER_REQUEST && count > 0) return count;
  }
  return RANGES_PER_REQUEST;
}

async function* digestParts(agent: SourceAgent, of: RowSelection & Partial<Staged>, ranges: readonly RowRange[]) {
  for await (const { frames } of slicesOf(agent, 'rows.digest', { ...of, ranges }))
    for (const frame of frames) if (frame.kind === 'J') yield* parseAnswer(DigestAnswer, jsonOf([frame])).ranges;
}

/** Hashes of files in lower-case hex; undefined for one that is not there or cannot be read. */
export async function hashFiles(
  agent: SourceAgent,
  paths: readonly string[],
  of: { readonly algorithm: HashAlgorithm } & Partial<Staged>,
): Promise<Map<string, string | undefined>> {
  const hashes = new Map<string, string | undefined>();
  for (let from = 0; from < paths.length; ) {
    const files = paths.slice(from, from + FILES_PER_REQUEST).map(pathToWire);
    const { frames } = await agent.ask('files.hash', { files, ...of });
    const answers = frames.filter((frame) => frame.kind === 'J').map((frame) => jsonOf([frame]));
    const list = answers.flatMap((answer) => parseAnswer(HashesAnswer, answer).hashes);
    if (list.length === 0) throw noProgress();
    for (const { path, ...found } of list) hashes.set(pathFromWire(path), found[of.algorithm]);
    from += list.length;
  }
  return hashes;
}
