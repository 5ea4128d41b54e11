import type { SourceSecrets } from '@wcr/shared/contracts/jobs';
import { type QueueName, redisKeys } from '@wcr/shared/contracts/queues';
import { CALLBACK_LINGERS_MS, callbackContext } from '@wcr/shared/contracts/webhooks';
import { AppError } from '@wcr/shared/errors/app-error';
import { enqueue as enqueueJob } from '@wcr/shared/telemetry/enqueue';
import type { ApiDeps } from '../deps.ts';
import { viaRedis } from '../queue/redis-client.ts';
import type { Idempotency } from './idempotency.ts';
import type { AnyRecord, RecordKind } from './record-store.ts';
import { type RecordLimit, reserveRecord, type Sealed } from './reserve-record.ts';

type Deps = Pick<ApiDeps, 'redis' | 'queues' | 'sealer'>;

/** How a request becomes a record and a job. */
export type Order<R extends AnyRecord> = {
  readonly kind: RecordKind<R>;
  readonly queue: QueueName;
  readonly idempotency: Idempotency | undefined;
  readonly limit?: RecordLimit;
  /** Refuses what cannot be done. Not asked when the request was taken on before: its answer must not change. */
  readonly admit?: () => Promise<void>;
  /** A new record. @param tries how many ids were in use already */
  recordOf(tries: number): R;
  /** The job's payload. */
  inputOf(record: R): object;
  /** By the references the payload carries. */
  secretsOf(record: R): ReadonlyMap<string, SourceSecrets>;
  /** Who hears of the record's jobs. */
  readonly callbackUrl?: string | undefined;
  /** How long the record lives, as far as that is known; its callback lives a while longer. */
  readonly lifeMs?: number;
};
export type TakenOn<R> = {
  readonly id: string;
  readonly jobId: string;
  /** Undefined when the same request was taken on before and its record is gone by now. */
  readonly record: R | undefined;
};

/** Ids clash rarely, so this many tries never run out in practice. */
const MAX_ID_TRIES = 8;

/**
 * Takes a request on: seals the secrets, writes the record, queues the job. Repeating it with the same Idempotency-Key,
 * at once or after an error at any point, gives the same record and at most one job.
 * @throws AppError `queue.unavailable`, `request.idempotency_conflict`, `quota.exceeded`, `quota.key_exceeded`
 */
export async function takeOn<R extends AnyRecord>(deps: Deps, order: Order<R>): Promise<TakenOn<R>> {
  const { kind, idempotency } = order;
  if (order.admit && !(await isHeld(deps, idempotency))) await order.admit();
  for (let tries = 0; tries < MAX_ID_TRIES; tries++) {
    const record = order.recordOf(tries);
    const reserved = await reserveRecord(deps.redis, {
      kind,
      record,
      jobKey: deps.queues[order.queue].toKey(record.jobId),
      sealed: new Map([...sealSecrets(deps, order.secretsOf(record)), ...sealCallback(deps, order, record.id)]),
      idempotency,
      limit: order.limit,
    });
    if (reserved.outcome === 'taken') continue;
    const kept = reserved.outcome === 'new' ? { id: record.id, jobId: record.jobId, record } : reserved;
    // Adding is a no-op if the job is there; what got further than `queued` needs none.
    if (kept.record?.status === 'queued') await enqueue(deps, order, kept.record);
    return kept;
  }
  throw new AppError('queue.unavailable');
}

async function isHeld({ redis }: Deps, idempotency: Idempotency | undefined): Promise<boolean> {
  if (idempotency === undefined) return false;
  return (await viaRedis(() => redis.exists(redisKeys.idempotency(idempotency.digest)))) === 1;
}

function sealSecrets({ sealer }: Deps, secrets: ReadonlyMap<string, SourceSecrets>): [key: string, sealed: Sealed][] {
  return [...secrets].map(([reference, secret]) => [redisKeys.secret(reference), { text: sealer.seal(secret, reference) }]);
}

function sealCallback(
  { sealer }: Deps,
  { callbackUrl: url, lifeMs = 0 }: Pick<Order<AnyRecord>, 'callbackUrl' | 'lifeMs'>,
  id: string,
): [key: string, sealed: Sealed][] {
  if (url === undefined) return [];
  const seconds = Math.ceil((lifeMs + CALLBACK_LINGERS_MS) / 1000);
  return [[redisKeys.callback(id), { text: sealer.seal({ url }, callbackContext(id)), seconds }]];
}

async function enqueue<R extends AnyRecord>({ queues }: Deps, order: Order<R>, record: R): Promise<void> {
  await viaRedis(() => enqueueJob(queues[order.queue], order.inputOf(record), { jobId: record.jobId }));
}
