import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { viaRedis } from '../queue/redis-client.ts';
import { defineScript, runScript } from '../queue/run-script.ts';
import type { Idempotency } from './idempotency.ts';
import type { AnyRecord, RecordKind } from './record-store.ts';

/** Sealed secrets wait this long for their job, and an Idempotency-Key is remembered as long. */
const DAY_SECONDS = 24 * 3600;

/**
 * Secrets, record and idempotency entry in one step, before the job is queued: whoever dies in between leaves a record
 * that is `queued` without a job, which a repeat of the request or the sweeper completes.
 *
 * KEYS: idempotency entry, record, index, job, secret…
 * ARGV: entry ('' without a key), record, createdAt, id, seconds, prefix of records, most records (0: any number), statuses
 *   that do not count (" a b "), owner, most records of the owner (0: any number), then for each secret: sealed, seconds
 * Returns: {'new'} | {'full'} | {'full-owner'} | {'taken'} (a record or job has the id) | {'held', entry, record or ''}.
 */
const RESERVE = defineScript(`if ARGV[1] ~= '' then
  local held = redis.call('GET', KEYS[1])
  if held then
    local of = cjson.decode(held)['id']
    return {'held', held, redis.call('GET', ARGV[6] .. of) or ''}
  end
end
if redis.call('EXISTS', KEYS[2], KEYS[4]) > 0 then return {'taken'} end
local function count(part)
  local found = 0
  for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    local text = redis.call('GET', ARGV[6] .. id)
    if text and string.find(text, part, 1, true) then
      local status = cjson.decode(text)['status']
      if not string.find(ARGV[8], ' ' .. status .. ' ', 1, true) then found = found + 1 end
    end
  end
  return found
end
local all, most, mostOfOwner = redis.call('ZCARD', KEYS[3]), tonumber(ARGV[7]), tonumber(ARGV[10])
if most > 0 and all >= most and count('') >= most then return {'full'} end
if mostOfOwner > 0 and all >= mostOfOwner then
  if count('"owner":' .. ARGV[9]) >= mostOfOwner then return {'full-owner'} end
end
for i = 5, #KEYS do redis.call('SET', KEYS[i], ARGV[2 * i + 1], 'EX', ARGV[2 * i + 2]) end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[5]) end
return {'new'}`);

const IdempotencyEntry = z.object({ fingerprint: z.string(), id: z.string(), jobId: z.string() });

export type Reservation<R extends AnyRecord> = {
  readonly kind: RecordKind<R>;
  readonly record: R;
  /** BullMQ's key of the job-to-be. */
  readonly jobKey: string;
  /** What is sealed for the record and its job, by its key in Redis. */
  readonly sealed: ReadonlyMap<string, Sealed>;
  /** Present when the client sent an Idempotency-Key. */
  readonly idempotency?: Idempotency | undefined;
  readonly limit?: RecordLimit | undefined;
};

/** A sealed text, and its life where that is not the usual one of secrets that wait for their job. */
export type Sealed = { readonly text: string; readonly seconds?: number };

/** How many records there may be at a time. */
export type RecordLimit = {
  /** 0: any number. */
  readonly most: number;
  /** Of the record's owner; 0: any number. */
  readonly mostOfOwner: number;
  /** Statuses of records that do not count. */
  readonly free: readonly string[];
};

export type Reserved<R extends AnyRecord> =
  | { readonly outcome: 'new' }
  | { readonly outcome: 'taken' }
  /** `record` is undefined when what the earlier request made is gone already. */
  | { readonly outcome: 'held'; readonly id: string; readonly jobId: string; readonly record: R | undefined };

/**
 * Writes down what is asked for, unless the same request already was.
 * @throws AppError `request.idempotency_conflict` when the key was used with another body; `quota.exceeded`,
 *   `quota.key_exceeded`, `queue.unavailable`
 */
export async function reserveRecord<R extends AnyRecord>(redis: Redis, reservation: Reservation<R>): Promise<Reserved<R>> {
  const { kind, record, jobKey, sealed, idempotency, limit } = reservation;
  const { id, jobId, createdAt } = record;
  const entry = idempotency ? JSON.stringify({ fingerprint: idempotency.fingerprint, id, jobId }) : '';
  const reply = await viaRedis(() =>
    runScript(
      redis,
      RESERVE,
      [redisKeys.idempotency(idempotency?.digest ?? 'none'), kind.keyOf(id), kind.index, jobKey, ...sealed.keys()],
      [
        ...[entry, JSON.stringify(record), String(createdAt), id, String(DAY_SECONDS), kind.keyOf('')],
        ...[String(limit?.most ?? 0), ` ${limit?.free.join(' ') ?? ''} `],
        // As it stands in a record's text, where nothing else can look like it: quotes inside of strings are escaped.
        ...[JSON.stringify(record.owner), String(limit?.mostOfOwner ?? 0)],
        ...[...sealed.values()].flatMap(({ text, seconds = DAY_SECONDS }) => [text, String(seconds)]),
      ],
    ),
  );
  const [outcome, heldEntry = '', heldRecord = ''] = z.array(z.string()).parse(reply);
  if (outcome === 'full') throw new AppError('quota.exceeded', { most: limit?.most ?? 0 });
  if (outcome === 'full-owner') throw new AppError('quota.key_exceeded', { most: limit?.mostOfOwner ?? 0 });
  if (outcome === 'new' || outcome === 'taken') return { outcome };
  const held = IdempotencyEntry.parse(JSON.parse(heldEntry));
  const fingerprints = idempotency ? [idempotency.fingerprint, ...idempotency.otherFingerprints] : [];
  if (!fingerprints.includes(held.fingerprint)) throw new AppError('request.idempotency_conflict');
  const known = heldRecord ? kind.schema.parse(JSON.parse(heldRecord)) : undefined;
  return { outcome: 'held', id: held.id, jobId: held.jobId, record: known };
}
