import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';
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
