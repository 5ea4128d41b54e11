import { redisKeys } from '@wcr/shared/contracts/queues';
import { RestoreRecord } from '@wcr/shared/contracts/restore';
import type { Redis } from 'ioredis';
import type { RestoreProjection } from '../jobs/restore/restore.types.ts';

/** How long a restore that has ended stays visible. */
const ENDED_TTL_MS = 30 * 24 * 3600 * 1000;
const CAS_TRIES = 50;
const ENDED: ReadonlySet<RestoreRecord['status']> = new Set(['completed', 'failed', 'rolled-back']);

/** KEYS record · ARGV expected, next, ttlMs of one that has ended or empty. */
const REPLACE_IF_SAME = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1`;

/** The API's view of restores in Redis. Ids of long ago leave the index with the next restore that ends. */
export function createRestoreProjection(redis: Redis): RestoreProjection & { list(): Promise<RestoreRecord[]> } {
  return {
    /** Every record there is, oldest first. */
    async list() {
      const ids = await redis.zrange(redisKeys.restoreIndex, '0', '-1');
      const records = await Promise.all(ids.map(async (id) => parseRecord(await redis.get(redisKeys.restore(id)))));
      return records.filter((record) => record !== undefined);
    },
    read: async (restoreId) => parseRecord(await redis.get(redisKeys.restore(restoreId))),
    async update(restoreId, patch) {
      for (let tries = 0; tries < CAS_TRIES; tries += 1) if (await tryUpdate(redis, restoreId, patch)) return;
      throw new Error(`the record of ${restoreId} changes too often`);
    },
  };
}

/** @returns false when somebody else wrote the record in the meantime */
async function tryUpdate(redis: Redis, restoreId: string, patch: Partial<RestoreRecord>): Promise<boolean> {
  const key = redisKeys.restore(restoreId);
  const text = await redis.get(key);
  const record = parseRecord(text);
  if (text === null || record === undefined) return true;
  const next = RestoreRecord.parse({ ...record, ...patch });
  const hasEnded = ENDED.has(next.status);
  const replaced = await redis.eval(REPLACE_IF_SAME, 1, key, text, JSON.stringify(next), hasEnded ? ENDED_TTL_MS : '');
  if (replaced !== 1) return false;
  if (hasEnded) await redis.zremrangebyscore(redisKeys.restoreIndex, '-inf', next.createdAt - 2 * ENDED_TTL_MS);
  return true;
}

/** A record of another version counts as missing. */
function parseRecord(text: string | null): RestoreRecord | undefined {
  return text === null ? undefined : RestoreRecord.safeParse(JSON.parse(text)).data;
}
