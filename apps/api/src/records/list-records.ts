import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type Caller, mayAccess } from '../access/api-keys.ts';

export type PageRequest = { readonly limit: number; readonly cursor?: string | undefined };
export type PageOfRecords<R> = { readonly records: R[]; readonly nextCursor: string | null };

/** Where the records are that are listed, and how they are read. */
export type Listed<R> = {
  readonly sealer: Sealer;
  readonly index: string;
  readonly keyOf: (id: string) => string;
  readonly parse: (raw: string | null) => R | undefined;
  readonly isWanted: (record: R) => boolean;
};

const SCAN_STEP = 200;
/** Bounds the work of one page for a caller who owns few of very many records. */
const MAX_SCAN_STEPS = 10;

/** One page of the wanted records that the caller may see, newest first. It may be short and still have a successor. */
export async function listRecords<R extends { id: string; owner: string }>(
  redis: Redis,
  listed: Listed<R>,
  caller: Caller,
  page: PageRequest,
): Promise<PageOfRecords<R>> {
  const { index } = listed;
  const records: R[] = [];
  let position = page.cursor === undefined ? 0 : await positionAfter(redis, index, openCursor(listed, caller, page.cursor));
  let lastId = '';
  for (let step = 0; step < MAX_SCAN_STEPS; step++) {
    const ids = await redis.zrevrange(index, position, position + SCAN_STEP - 1);
    const mine = await readOwned(redis, listed, ids, caller);
    const wanted = mine.slice(0, page.limit - records.length);
    records.push(...wanted);
    const isLastStep = ids.length < SCAN_STEP;
    if (wanted.length < mine.length || (records.length === page.limit && !isLastStep)) {
      return { records, nextCursor: await cursorOf(redis, listed, caller, records.at(-1)?.id ?? '') };
    }
    if (isLastStep) return { records, nextCursor: null };
    position += SCAN_STEP;
    lastId = ids.at(-1) ?? '';
  }
  return { records, nextCursor: await cursorOf(redis, listed, caller, lastId) };
}

/** Those of the records that exist, are wanted and that the caller may see, in the order given. */
async function readOwned<R extends { owner: string }>(
  redis: Redis,
  { keyOf, parse, isWanted }: Listed<R>,
  ids: readonly string[],
  caller: Caller,
): Promise<R[]> {
  if (ids.length === 0) return [];
  const found = await redis.mget(ids.map(keyOf));
  const records = found.map(parse).filter((record) => record !== undefined);
  return records.filter((record) => mayAccess(caller, record.owner) && isWanted(record));
}

const Cursor = z.object({ id: z.string(), score: z.number() });
type Cursor = z.infer<typeof Cursor>;

/**
 * A cursor names the last record that was looked at, and its score in case that record is gone when the next page is asked
 * for. It may be somebody else's record: so it is sealed, for this caller only.
 */
async function cursorOf<R>(redis: Redis, { index, sealer }: Listed<R>, caller: Caller, id: string): Promise<string | null> {
  const score = await redis.zscore(index, id);
  const cursor = { id, score: Math.trunc(Number(score)) } satisfies Cursor;
  return score === null ? null : sealer.seal(cursor, cursorContext(index, caller));
}

/** @throws AppError `request.invalid` */
function openCursor<R>({ index, sealer }: Listed<R>, caller: Caller, text: string): Cursor {
  try {
    return Cursor.parse(sealer.open(text, cursorContext(index, caller)));
  } catch (cause) {
    throw new AppError('request.invalid', { reason: 'cursor: must be the nextCursor of the page before' }, { cause });
  }
}

function cursorContext(index: string, caller: Caller): string {
  return `cursor:${index}:${caller.owner}`;
}

/** Behind the cursor's record; when that is gone, behind all that came before it: newer ones, and those of its millisecond. */
async function positionAfter(redis: Redis, index: string, { id, score }: Cursor): Promise<number> {
  const rank = await redis.zrevrank(index, id);
  if (rank !== null) return rank + 1;
  const newer = await redis.zcount(index, `(${score}`, '+inf');
  const sameTime = await redis.zrangebyscore(index, score, score);
  return newer + sameTime.filter((other) => other > id).length;
}
