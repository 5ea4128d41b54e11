import { randomUUID } from 'node:crypto';
import type { CloneRecord, CloneStatus } from '@wcr/shared/contracts/clone-record';
import type { ExpireInput, ExtendInput } from '@wcr/shared/contracts/jobs';
import { EXPIRE_QUEUE, EXTEND_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import { CALLBACK_LINGERS_MS } from '@wcr/shared/contracts/webhooks';
import { AppError } from '@wcr/shared/errors/app-error';
import { enqueue } from '@wcr/shared/telemetry/enqueue';
import type { Queue } from 'bullmq';
import type { Caller } from '../access/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { markCancelled } from '../queue/cancel-job.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { moveToRetry } from '../queue/retry-job.ts';
import type { CloneChange } from './clone-bodies.ts';
import { orderRequest } from './order-request.ts';
import type { AcceptedClone } from './request-clone.ts';

type Deps = Pick<ApiDeps, 'redis' | 'queues' | 'clones' | 'config' | 'now'>;
type Request = { readonly cloneId: string; readonly caller: Caller; readonly requestId: string };

const ENDED: ReadonlySet<CloneStatus> = new Set(['expiring', 'expired', 'failed']);
const GONE: ReadonlySet<CloneStatus> = new Set(['expiring', 'expired']);
const UNFINISHED: ReadonlySet<CloneStatus> = new Set(['queued', 'provisioning', 'copying']);

/**
 * Gives a clone another expiry. The projection shows it at once; an `extend` job carries it to the runtime, which owns it.
 * @throws AppError `clone.not_found`, `clone.ended`, `clone.not_ready`, `request.invalid`, `queue.unavailable`
 */
export async function changeExpiry(deps: Deps, request: Request & { change: CloneChange }): Promise<CloneRecord> {
  const { cloneId, caller, requestId, change } = request;
  const expiresAt = expiryOf(deps, change, deps.now());
  const record = await deps.clones.read(cloneId, caller);
  if (ENDED.has(record.status)) throw new AppError('clone.ended', { cloneId, status: record.status });
  // The runtime does not know a queued clone yet, so there is nobody to keep the new expiry.
  if (record.status === 'queued') throw new AppError('clone.not_ready', { cloneId, status: record.status });
  const requestedAt = await orderRequest(deps.redis, cloneId, deps.now());
  // The job comes first: if this dies in between, the runtime still gets what was asked for and corrects the projection.
  const input: ExtendInput = { cloneId, expiresAt, requestedAt, owner: record.owner, requestId };
  await viaRedis(() => enqueue(deps.queues[EXTEND_QUEUE], input, { jobId: `${EXTEND_QUEUE}-${randomUUID()}` }));
  await viaRedis(() => deps.redis.pexpireat(redisKeys.callback(cloneId), expiresAt + CALLBACK_LINGERS_MS));
  const changed = await deps.clones.change(cloneId, ({ status }) => (ENDED.has(status) ? undefined : { expiresAt }));
  return changed ?? { ...record, expiresAt };
}

/**
 * Lets a clone expire now: an unfinished clone job is cancelled, and one expire job is queued however often this is called.
 * @returns the clone and the id of its expire job
 * @throws AppError `clone.not_found`, `queue.unavailable`
 */
export async function deleteClone(deps: Deps, { cloneId, caller, requestId }: Request): Promise<AcceptedClone> {
  const record = await deps.clones.read(cloneId, caller);
  if (UNFINISHED.has(record.status)) await markCancelled(deps, record.jobId);
  const jobId = deleteJobIdOf(cloneId);
  const input: ExpireInput = { cloneId, reason: 'deleted', owner: record.owner, requestId };
  await viaRedis(() => ensureExpireJob(deps.queues[EXPIRE_QUEUE], jobId, input, GONE.has(record.status)));
  const changed = await deps.clones.change(cloneId, ({ status }) => (GONE.has(status) ? undefined : { status: 'expiring' }));
  return { id: cloneId, url: record.url, status: changed?.status ?? 'expired', jobId };
}

/** The one job that deletes a clone. */
export function deleteJobIdOf(cloneId: string): string {
  return `${EXPIRE_QUEUE}-delete-${cloneId}`;
}

/** Adding is a no-op while the job is kept, so one that failed, or ended without the clone being gone, is started again. */
async function ensureExpireJob(queue: Queue, jobId: string, input: ExpireInput, isGoing: boolean): Promise<void> {
  await enqueue(queue, input, { jobId });
  const state = await queue.getJobState(jobId);
  const job = state === 'failed' || state === 'completed' ? await queue.getJob(jobId) : undefined;
  if (job && state === 'failed') await moveToRetry(job);
  if (job && state === 'completed' && !isGoing) {
    await job.remove();
    await enqueue(queue, input, { jobId });
  }
}

function expiryOf({ config }: Deps, change: CloneChange, now: number): number {
  if (change.ttlMinutes !== undefined) return now + change.ttlMinutes * 60_000;
  const expiresAt = Date.parse(change.expiresAt ?? '');
  if (expiresAt <= now)
    throw new AppError('request.invalid', { reason: 'expiresAt: must be in the future; DELETE ends a clone now' });
  if (expiresAt > now + config.maxTtlMinutes * 60_000) {
    throw new AppError('request.invalid', { reason: `expiresAt: must be at most ${config.maxTtlMinutes} minutes from now` });
  }
  return expiresAt;
}
