import { CLONE_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { CloneStore } from '../clones/clone-store.ts';
import type { OwnedJob } from './find-job.ts';
import { viaRedis } from './redis-client.ts';

/** A cancellation outlives any backlog the job may be waiting in. */
const CANCEL_SECONDS = 7 * 24 * 3600;

/** Asks the engine to end a job; it looks at its next checkpoint or heartbeat, or when it takes the job up. */
export async function markCancelled({ redis }: { redis: Redis }, jobId: string): Promise<void> {
  await viaRedis(() => redis.set(redisKeys.cancel(jobId), '1', 'EX', CANCEL_SECONDS));
}

/**
 * Cancels a job that has not ended. The engine ends it, waiting or running, so that its clean-up always runs.
 * @throws AppError `job.not_cancellable`, `queue.unavailable`
 */
export async function cancelJob(deps: { redis: Redis }, { job, jobId }: OwnedJob): Promise<void> {
  if (job.finishedOn) throw new AppError('job.not_cancellable');
  await markCancelled(deps, jobId);
  // A job in backoff is taken up now rather than when its time has come. That it just left the backoff is no problem.
  await viaRedis(async () => {
    if (await job.isDelayed()) await job.promote().catch(() => undefined);
  });
}

/**
 * Queues a failed job again, with all its attempts.
 * @throws AppError `job.not_retryable` unless it failed; `secret.missing` when the secrets it needs are gone
 */
export async function retryJob(deps: { redis: Redis; clones: CloneStore }, owned: OwnedJob): Promise<void> {
  const { job, jobId, queue, cloneId } = owned;
  await viaRedis(async () => {
    if (!(await job.isFailed())) throw new AppError('job.not_retryable');
    const { secretRef } = job.data as { secretRef?: string };
    if (secretRef !== undefined && (await deps.redis.exists(redisKeys.secret(secretRef))) === 0) {
      throw new AppError('secret.missing');
    }
    await deps.redis.del(redisKeys.cancel(jobId));
    if (queue === CLONE_QUEUE && cloneId !== undefined) await deps.clones.revive(cloneId);
    if (!(await moveToRetry(job))) throw new AppError('job.not_retryable');
  });
}

/** Queues a failed job with all its attempts; false when somebody else was quicker. */
export async function moveToRetry(job: Job): Promise<boolean> {
  try {
    await job.retry('failed', { resetAttemptsMade: true });
    return true;
  } catch (error) {
    if (await job.isFailed()) throw error;
    return false;
  }
}
