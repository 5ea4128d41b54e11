import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import type { Caller } from '../access/api-keys.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { defineScript, runScript } from '../queue/run-script.ts';
import { listRecords, type PageOfRecords, type PageRequest } from './list-records.ts';

/** What every record has: a record is one JSON text in Redis, named by an index in the order of `createdAt`. */
export type AnyRecord = {
  readonly id: string;
  readonly owner: string;
  readonly createdAt: number;
  readonly status: string;
  readonly jobId: string;
};

/** Where the records of one kind are, and how they read. */
export type RecordKind<R extends AnyRecord> = {
  readonly schema: z.ZodType<R>;
  readonly keyOf: (id: string) => string;
  readonly index: string;
};

/** Returns what is to be different, or undefined to leave the record alone. */
export type Change<R> = (record: R) => Partial<R> | undefined;

/** Records that the API and the workers keep together. Everything throws AppError `queue.unavailable`. */
export type RecordStore<R extends AnyRecord> = {
  find(id: string): Promise<R | undefined>;
  /** Those that are wanted, newest first. A page may be short and still have a successor. */
  list(caller: Caller, page: PageRequest, isWanted?: (record: R) => boolean): Promise<PageOfRecords<R>>;
  /**
   * Changes a record as one step, even while a worker writes it; `change` may be called again.
   * @returns the record as it is now, or undefined when it is gone
   */
  change(id: string, change: Change<R>): Promise<R | undefined>;
  /** A record that was to fade away stays. */
  keep(id: string): Promise<void>;
};

const REPLACE_IF_SAME = defineScript(`if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') return 1`);
const MAX_CHANGE_TRIES = 20;

export function createRecordStore<R extends AnyRecord>(
  { redis, sealer }: { redis: Redis; sealer: Sealer },
  kind: RecordKind<R>,
): RecordStore<R> {
  const listed = { ...kind, sealer, parse: (raw: string | null) => parseRecord(kind, raw) };
  return {
    find: async (id) => parseRecord(kind, await viaRedis(() => redis.get(kind.keyOf(id)))),
    list: (caller, page, isWanted = () => true) => viaRedis(() => listRecords(redis, { ...listed, isWanted }, caller, page)),
    async change(id, change) {
      for (let tries = 0; tries < MAX_CHANGE_TRIES; tries++) {
        const tried = await tryChange(redis, kind, id, change);
        if (tried !== 'overtaken') return tried;
      }
      throw new AppError('queue.unavailable');
    },
    async keep(id) {
      await viaRedis(() => redis.persist(kind.keyOf(id)));
    },
  };
}

/** A record of another version counts as missing until a worker has written it again. */
function parseRecord<R extends AnyRecord>({ schema }: RecordKind<R>, raw: string | null): R | undefined {
  return raw === null ? undefined : schema.safeParse(JSON.parse(raw)).data;
}

/** One try: 'overtaken' when somebody else wrote the record in the meantime. */
async function tryChange<R extends AnyRecord>(
  redis: Redis,
  kind: RecordKind<R>,
  id: string,
  change: Change<R>,
): Promise<R | undefined | 'overtaken'> {
  const key = kind.keyOf(id);
  const raw = await viaRedis(() => redis.get(key));
  const record = parseRecord(kind, raw);
  if (raw === null || record === undefined) return undefined;
  const patch = change(record);
  if (patch === undefined) return record;
  const changed = { ...record, ...patch };
  const replaced = await viaRedis(() => runScript(redis, REPLACE_IF_SAME, [key], [raw, JSON.stringify(changed)]));
  return replaced === 1 ? changed : 'overtaken';
}
