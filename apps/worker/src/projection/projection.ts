import { type CloneCredentials, CloneRecord } from '@wcr/shared/contracts/clone-record';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';

/** How long a clone that has ended stays visible. */
export const ENDED_TTL_MS = 24 * 3600 * 1000;

const CAS_TRIES = 50;
/** KEYS record · ARGV expected, next */
const REPLACE_IF_SAME = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`;

/** The API's view of clones in Redis: repeats what the runtime knows, and is rebuilt from it. */
export type Projection = {
  read(cloneId: string): Promise<CloneRecord | undefined>;
  /** Writes the whole record. */
  write(record: CloneRecord): Promise<void>;
  /** Merges fields in one step, also against the API. No-op when there is no record. */
  update(cloneId: string, patch: Partial<CloneRecord>): Promise<CloneRecord | undefined>;
  /** Marks a clone as ended: its credentials go at once, the record a day later. */
  end(cloneId: string, patch: Pick<CloneRecord, 'status'> & Partial<CloneRecord>): Promise<void>;
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
      await runAll(redis.multi().set(redisKeys.clone(record.id), text).zadd(redisKeys.cloneIndex, record.createdAt, record.id));
    },
    update: (cloneId, patch) => updateRecord(redis, cloneId, patch),
    async end(cloneId, patch) {
      await updateRecord(redis, cloneId, patch);
      await runAll(redis.multi().pexpire(redisKeys.clone(cloneId), ENDED_TTL_MS).unlink(redisKeys.credentials(cloneId)));
    },
    async writeCredentials(cloneId, credentials) {
      await redis.set(redisKeys.credentials(cloneId), sealer.seal(credentials, `credentials:${cloneId}`));
    },
    hasCredentials: async (cloneId) => (await redis.exists(redisKeys.credentials(cloneId))) === 1,
    async list() {
      const records: CloneRecord[] = [];
      const missing: string[] = [];
      for (const cloneId of await redis.zrange(redisKeys.cloneIndex, 0, -1)) {
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

async function updateRecord(redis: Redis, cloneId: string, patch: Partial<CloneRecord>): Promise<CloneRecord | undefined> {
  const key = redisKeys.clone(cloneId);
  for (let tries = 0; tries < CAS_TRIES; tries += 1) {
    const text = await redis.get(key);
    const record = parseRecord(text);
    if (text === null || record === undefined) return undefined;
    const next = CloneRecord.parse({ ...record, ...patch });
    if ((await redis.eval(REPLACE_IF_SAME, 1, key, text, JSON.stringify(next))) === 1) return next;
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
