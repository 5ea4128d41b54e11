import { CloneCredentials, CloneRecord } from '@wcr/shared/contracts/clone-record';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';
import { type Caller, mayAccess } from '../access/api-keys.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { defineScript, runScript } from '../queue/run-script.ts';

export type ClonePageOfRecords = { readonly records: CloneRecord[]; readonly nextCursor: string | null };

/** The API's view of the projection of clones that the workers keep in Redis. */
export type CloneStore = {
  /** @throws AppError `clone.not_found` also for the clone of another caller: its existence is not told. */
  read(cloneId: string, caller: Caller): Promise<CloneRecord>;
  /** The owner of a clone, if the projection knows it. */
  ownerOf(cloneId: string): Promise<string | undefined>;
  /** Newest first. A page may be short and still have a successor. */
  list(caller: Caller, page: { limit: number; cursor?: string | undefined }): Promise<ClonePageOfRecords>;
  /**
   * Changes a record as one step, even while a worker writes it; `change` may be called again and returns undefined to leave it.
   * @returns the record as it is now, or undefined when it is gone
   * @throws AppError `queue.unavailable`
   */
  change(cloneId: string, change: Change): Promise<CloneRecord | undefined>;
  /** A clone that failed is made again: its record waits for the job once more, and does not fade away. */
  revive(cloneId: string): Promise<void>;
  /** @throws AppError `clone.credentials_missing`, `secret.unreadable` */
  credentials(cloneId: string): Promise<CloneCredentials>;
};

const REPLACE_IF_SAME = defineScript(`if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') return 1`);
const MAX_CHANGE_TRIES = 20;
const SCAN_STEP = 200;
/** Bounds the work of one page for a caller who owns few of very many clones. */
const MAX_SCAN_STEPS = 10;

export function createCloneStore(deps: { redis: Redis; sealer: Sealer }): CloneStore {
  const { redis, sealer } = deps;
  const readRaw = (cloneId: string) => viaRedis(() => redis.get(redisKeys.clone(cloneId)));
  return {
    async read(cloneId, caller) {
      const record = parseRecord(await readRaw(cloneId));
      if (!record || !mayAccess(caller, record.owner)) throw new AppError('clone.not_found', { cloneId });
      return record;
    },
    async ownerOf(cloneId) {
      return parseRecord(await readRaw(cloneId))?.owner;
    },
    list: (caller, page) => viaRedis(() => listClones(redis, caller, page)),
    change: (cloneId, change) => changeRecord(redis, cloneId, change),
    async revive(cloneId) {
      await viaRedis(() => redis.persist(redisKeys.clone(cloneId)));
      await changeRecord(redis, cloneId, ({ status }) =>
        status === 'failed' ? { status: 'queued', error: undefined } : undefined,
      );
    },
    async credentials(cloneId) {
      const sealed = await viaRedis(() => redis.get(redisKeys.credentials(cloneId)));
      if (sealed === null) throw new AppError('clone.credentials_missing', { cloneId });
      return CloneCredentials.parse(sealer.open(sealed, `credentials:${cloneId}`));
    },
  };
}

/** A record of another version counts as missing until the sweeper has written it again. */
function parseRecord(raw: string | null): CloneRecord | undefined {
  return raw === null ? undefined : CloneRecord.safeParse(JSON.parse(raw)).data;
}

type Change = (record: CloneRecord) => Partial<CloneRecord> | undefined;

async function changeRecord(redis: Redis, cloneId: string, change: Change): Promise<CloneRecord | undefined> {
  for (let tries = 0; tries < MAX_CHANGE_TRIES; tries++) {
    const tried = await tryChange(redis, cloneId, change);
    if (tried !== 'overtaken') return tried;
  }
  throw new AppError('queue.unavailable');
}

/** One try: 'overtaken' when somebody else wrote the record in the meantime. */
async function tryChange(redis: Redis, cloneId: string, change: Change): Promise<CloneRecord | undefined | 'overtaken'> {
  const key = redisKeys.clone(cloneId);
  const raw = await viaRedis(() => redis.get(key));
  const record = parseRecord(raw);
  if (raw === null || record === undefined) return undefined;
  const patch = change(record);
  if (patch === undefined) return record;
  const changed = { ...record, ...patch };
  const replaced = await viaRedis(() => runScript(redis, REPLACE_IF_SAME, [key], [raw, JSON.stringify(changed)]));
  return replaced === 1 ? changed : 'overtaken';
}

async function listClones(
  redis: Redis,
  caller: Caller,
  page: { limit: number; cursor?: string | undefined },
): Promise<ClonePageOfRecords> {
  const records: CloneRecord[] = [];
  let position = page.cursor === undefined ? 0 : await positionAfter(redis, page.cursor);
  let lastId = '';
  for (let step = 0; step < MAX_SCAN_STEPS; step++) {
    const ids = await redis.zrevrange(redisKeys.cloneIndex, position, position + SCAN_STEP - 1);
    const mine = await readOwned(redis, ids, caller);
    const wanted = mine.slice(0, page.limit - records.length);
    records.push(...wanted);
    const isLastStep = ids.length < SCAN_STEP;
    if (wanted.length < mine.length || (records.length === page.limit && !isLastStep)) {
      return { records, nextCursor: await cursorOf(redis, records.at(-1)?.id ?? '') };
    }
    if (isLastStep) return { records, nextCursor: null };
    position += SCAN_STEP;
    lastId = ids.at(-1) ?? '';
  }
  return { records, nextCursor: await cursorOf(redis, lastId) };
}

/** Those of the clones that exist and that the caller may see, in the order given. */
async function readOwned(redis: Redis, cloneIds: readonly string[], caller: Caller): Promise<CloneRecord[]> {
  if (cloneIds.length === 0) return [];
  const found = await redis.mget(cloneIds.map(redisKeys.clone));
  const records = found.map(parseRecord).filter((record) => record !== undefined);
  return records.filter((record) => mayAccess(caller, record.owner));
}

/** A cursor names the last clone that was looked at, and its score in case that clone is gone when the next page is asked for. */
async function cursorOf(redis: Redis, cloneId: string): Promise<string | null> {
  const score = await redis.zscore(redisKeys.cloneIndex, cloneId);
  return score === null ? null : `${Math.trunc(Number(score))}.${cloneId}`;
}

/** Behind the cursor's clone; when that is gone, behind all that came before it: newer ones, and those of its millisecond. */
async function positionAfter(redis: Redis, cursor: string): Promise<number> {
  const dot = cursor.indexOf('.');
  const [score, cloneId] = [cursor.slice(0, dot), cursor.slice(dot + 1)];
  const rank = await redis.zrevrank(redisKeys.cloneIndex, cloneId);
  if (rank !== null) return rank + 1;
  const newer = await redis.zcount(redisKeys.cloneIndex, `(${score}`, '+inf');
  const sameTime = await redis.zrangebyscore(redisKeys.cloneIndex, score, score);
  return newer + sameTime.filter((other) => other > cloneId).length;
}
