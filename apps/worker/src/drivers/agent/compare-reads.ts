import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import { pathFromWire, pathToWire } from './index-codec.ts';
import { jsonOf, noProgress, parseAnswer, type RowRange, type RowSelection, type SourceAgent } from './source-agent.ts';

/** A staging table or file of an open session instead of the site's own. */
export type Staged = { readonly session: string; readonly part?: 'rows' | 'former' };
export type RowDigest = { readonly rows: number; readonly checksum: bigint };
export type HashAlgorithm = 'md5' | 'crc32b';

/** Ranges in one request, and the length of their cursors, which keys of long texts make large: its description has a limit. */
const RANGES_PER_REQUEST = 2_000;
const CURSORS_PER_REQUEST = 512 << 10;
const FILES_PER_REQUEST = 400;

const DigestAnswer = z.object({
  ranges: z.array(z.object({ index: z.number().int(), rows: z.number(), checksum: z.string().regex(/^\d{1,20}$/) })),
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
  let at: unknown;
  for (let done = false; !done; ) {
    const { frames, end } = await agent.ask('rows.digest', { ...of, ranges, ...(at !== undefined && { at }) });
    const answers = frames.filter((frame) => frame.kind === 'J');
    for (const answer of answers) yield* parseAnswer(DigestAnswer, jsonOf([answer])).ranges;
    done = end['done'] === true;
    if (!done && (end['next'] === undefined || JSON.stringify(end['next']) === JSON.stringify(at))) throw noProgress();
    at = end['next'];
  }
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
