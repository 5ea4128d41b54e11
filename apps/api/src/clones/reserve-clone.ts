import { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { viaRedis } from '../queue/redis-client.ts';
import { defineScript, runScript } from '../queue/run-script.ts';

/** Sealed secrets wait this long for their job, and an Idempotency-Key is remembered as long. */
const DAY_SECONDS = 24 * 3600;

/**
 * Secrets, projection and idempotency entry in one step, before the job is queued: whoever dies in between leaves a
 * clone that is `queued` without a job, which a repeat of the request or the sweeper completes.
 *
 * KEYS: idempotency entry, record, index, secret. ARGV: entry ('' without a key), record, createdAt, clone id, sealed, seconds, prefix of records.
 * Returns: {'new'} | {'taken'} (the clone id is in use) | {'held', entry, record or ''}.
 */
const RESERVE = defineScript(`if ARGV[1] ~= '' then
  local held = redis.call('GET', KEYS[1])
  if held then
    local of = cjson.decode(held)['cloneId']
    return {'held', held, redis.call('GET', ARGV[7] .. of) or ''}
  end
end
if redis.call('EXISTS', KEYS[2]) == 1 then return {'taken'} end
redis.call('SET', KEYS[4], ARGV[5], 'EX', ARGV[6])
redis.call('SET', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[6]) end
return {'new'}`);

const IdempotencyEntry = z.object({ fingerprint: z.string(), cloneId: z.string(), jobId: z.string() });

export type Reservation = {
  readonly record: CloneRecord;
  readonly secretRef: string;
  readonly sealed: string;
  /** Present when the client sent an Idempotency-Key. */
  readonly idempotency?: { readonly digest: string; readonly fingerprint: string } | undefined;
};
export type Reserved =
  | { readonly outcome: 'new' }
  | { readonly outcome: 'taken' }
  /** `record` is undefined when the clone of the earlier request is gone already. */
  | { readonly outcome: 'held'; readonly cloneId: string; readonly jobId: string; readonly record: CloneRecord | undefined };

/**
 * Writes down that a clone is asked for, unless the same request already was.
 * @throws AppError `request.idempotency_conflict` when the key was used with another body; `queue.unavailable`
 */
export async function reserveClone(redis: Redis, reservation: Reservation): Promise<Reserved> {
  const { record, secretRef, sealed, idempotency } = reservation;
  const entry = idempotency
    ? JSON.stringify({ fingerprint: idempotency.fingerprint, cloneId: record.id, jobId: record.jobId })
    : '';
  const reply = await viaRedis(() =>
    runScript(
      redis,
      RESERVE,
      [
        redisKeys.idempotency(idempotency?.digest ?? 'none'),
        redisKeys.clone(record.id),
        redisKeys.cloneIndex,
        redisKeys.secret(secretRef),
      ],
      [entry, JSON.stringify(record), String(record.createdAt), record.id, sealed, String(DAY_SECONDS), redisKeys.clone('')],
    ),
  );
  const [outcome, heldEntry = '', heldRecord = ''] = z.array(z.string()).parse(reply);
  if (outcome === 'new' || outcome === 'taken') return { outcome };
  const held = IdempotencyEntry.parse(JSON.parse(heldEntry));
  if (held.fingerprint !== idempotency?.fingerprint) throw new AppError('request.idempotency_conflict');
  const { cloneId, jobId } = held;
  return { outcome: 'held', cloneId, jobId, record: heldRecord ? CloneRecord.parse(JSON.parse(heldRecord)) : undefined };
}
