import { type CloneCredentials, CloneRecord } from '@wcr/shared/contracts/clone-record';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';
import { mergeRecord } from '../drivers/runtime/merge-record.ts';

/** How long a clone that has ended stays visible. */
export const ENDED_TTL_MS = 24 * 3600 * 1000;

const CAS_TRIES = 50;
/**
 * KEYS record, credentials · ARGV expected, next, ttlMs of an ended clone or empty. A clone that ended before keeps what
 * is left of its day; one that is made again stays.
 */
const REPLACE_IF_SAME = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local ending = ARGV[3] ~= ''
if ending and redis.call('PTTL', KEYS[1]) > 0 then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
elseif ending then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else redis.call('SET', KEYS[1], ARGV[2]) end
if ending then redis.call('UNLINK', KEYS[2]) end
return 1`;

/** The API's view of clones in Redis: repeats what the runtime knows, and is rebuilt from it. */
export type Projection = {
  read(cloneId: string): Promise<CloneRecord | undefined>;
  /** Writes the whole record. */
  write(record: CloneRecord): Promise<void>;
  /**
   * Merges fields in one step, also against the API, by the runtime's rule: what expires never comes back. No-op when
   * there is no record. When a clone becomes expired or failed its credentials go at once, the record a day later.
   */
  update(cloneId: string, patch: Partial<CloneRecord>): Promise<void>;
  writeCredentials(cloneId: string, credentials: CloneCredentials): Promise<void>;
  hasCredentials(cloneId: string): Promise<boolean>;
  /** Everything the index names, and the ids it names in vain. */
  list(): Promise<{ records: CloneRecord[]; missing: string[] }>;
  /** Takes ids off the index whose record is gone. */
  prune(cloneIds: readonly string[]): Promise<void>;
};

export function createProjection({ redis, sealer }: { redis: Redis; sealer: Sealer }): Projection {
  return {
    read: async (cloneId) => parseRecord(await redis.get(redisKeys.clone(cloneId))),
    async write(record) {
      const text = JSON.stringify(CloneRecord.parse(record));
      await runAll(
        redis.multi().set(redisKeys.clone(record.id), text).zadd(redisKeys.cloneIndex, String(record.createdAt), record.id),
      );
    },
    update: (cloneId, patch) => updateRecord(redis, cloneId, patch),
    async writeCredentials(cloneId, credentials) {
      await redis.set(redisKeys.credentials(cloneId), sealer.seal(credentials, `credentials:${cloneId}`));
    },
    hasCredentials: async (cloneId) => (await redis.exists(redisKeys.credentials(cloneId))) === 1,
    async list() {
      const records: CloneRecord[] = [];
      const missing: string[] = [];
      for (const cloneId of await redis.zrange(redisKeys.cloneIndex, '0', '-1')) {
        const record = parseRecord(await redis.get(redisKeys.clone(cloneId)));
        if (record === undefined) missing.push(cloneId);
        else records.push(record);
      }
      return { records, missing };
    },
    async prune(cloneIds) {
      for (const cloneId of cloneIds) {
        if ((await redis.exists(redisKeys.clone(cloneId))) === 0) await redis.zrem(redisKeys.cloneIndex, cloneId);
      }
    },
  };
}

async function updateRecord(redis: Redis, cloneId: string, patch: Partial<CloneRecord>): Promise<void> {
  const keys = [redisKeys.clone(cloneId), redisKeys.credentials(cloneId)] as const;
  for (let tries = 0; tries < CAS_TRIES; tries += 1) {
    const text = await redis.get(keys[0]);
    const record = parseRecord(text);
    if (text === null || record === undefined) return;
    const next = CloneRecord.parse(mergeRecord(record, patch));
    const ttlMs = next.status === 'expired' || next.status === 'failed' ? ENDED_TTL_MS : '';
    if ((await redis.eval(REPLACE_IF_SAME, 2, ...keys, text, JSON.stringify(next), ttlMs)) === 1) return;
  }
  throw new Error(`the record of ${cloneId} changes too often`);
}

/** A record we can't read (of another version) counts as missing, so that the sweeper writes it again. */
function parseRecord(text: string | null): CloneRecord | undefined {
  if (text === null) return undefined;
  const parsed = CloneRecord.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

async function runAll(commands: ReturnType<Redis['multi']>): Promise<void> {
  for (const [error] of (await commands.exec()) ?? []) if (error) throw error;
}
