import type { ExpireInput } from '@wcr/shared/contracts/jobs';
import { EXPIRE_QUEUE } from '@wcr/shared/contracts/queues';
import { enqueue } from '@wcr/shared/telemetry/enqueue';
import type { JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { removeJob } from './remove-job.ts';

/** Scores of BullMQ's delayed set are milliseconds times this, plus a sequence number. */
const DELAYED_SCORE_STEP = 0x1000;
const SETTLE_TRIES = 5;
/** Two times that differ by less are the same for a delayed job. */
const SAME_TIME_MS = 1_000;

/** The job that removes a clone when its time is up. */
export function expireJobId(cloneId: string): string {
  return `${EXPIRE_QUEUE}-${cloneId}`;
}

/** The job that removes a clone now, whatever its expiry; the API's DELETE uses the same id. */
export function deleteJobId(cloneId: string): string {
  return `${EXPIRE_QUEUE}-delete-${cloneId}`;
}

/** Puts expire jobs into the queue, one per clone and kind however often it is called. */
export type ExpireSchedule = {
  /** Lets the clone expire at `at` (ms since the epoch); moves an earlier appointment. */
  scheduleExpire(cloneId: string, at: number): Promise<void>;
  /** Removes the clone now. @returns the id of the job that does it */
  expireNow(input: ExpireInput): Promise<string>;
  /** True while a job removes the clone because its time is up. */
  isRunning(cloneId: string): Promise<boolean>;
  /** Drops the appointment of a clone that is gone. No-op while its job runs. */
  cancelScheduled(cloneId: string): Promise<void>;
};

export type ExpireScheduleOptions = {
  readonly queue: Queue;
  readonly redis: Redis;
  readonly jobOptions: JobsOptions;
  readonly now: () => number;
};

export function createExpireSchedule(options: ExpireScheduleOptions): ExpireSchedule {
  const { queue, redis } = options;
  return {
    scheduleExpire: (cloneId, at) => settle(() => trySchedule(options, cloneId, at)),
    async expireNow(input) {
      await settle(() => tryExpireNow(options, input));
      return deleteJobId(input.cloneId);
    },
    isRunning: async (cloneId) => (await queue.getJobState(expireJobId(cloneId))) === 'active',
    async cancelScheduled(cloneId) {
      const job = await queue.getJob(expireJobId(cloneId));
      // A running job is locked and can't be removed; it finds the clone gone and ends by itself.
      if (job !== undefined && !(await job.isActive())) await removeJob(redis, job).catch(() => undefined);
    },
  };
}

/** Between a look and an act a worker may take the job; then the look is repeated. */
async function settle(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === SETTLE_TRIES) throw error;
    }
  }
}

async function trySchedule(options: ExpireScheduleOptions, cloneId: string, at: number): Promise<void> {
  const { queue, redis, jobOptions, now } = options;
  const jobId = expireJobId(cloneId);
  const delay = Math.max(0, at - now());
  const job = await queue.getJob(jobId);
  const state = job === undefined ? 'unknown' : await job.getState();
  // A job that waits or runs reads the clone's expiry itself and takes a new appointment if it comes too early.
  if (state === 'waiting' || state === 'active' || state === 'prioritized') return;
  if (job !== undefined && state === 'delayed') {
    const due = await dueTime(options, jobId);
    if (due === undefined || Math.abs(due - at) >= SAME_TIME_MS) await job.changeDelay(delay);
    return;
  }
  // One that has ended is only kept for people to look at, and would make this add a no-op.
  if (job !== undefined) await removeJob(redis, job);
  const input: ExpireInput = { cloneId, reason: 'expired' };
  await enqueue(queue, input, { ...jobOptions, jobId, delay });
}

async function tryExpireNow({ queue, redis, jobOptions }: ExpireScheduleOptions, input: ExpireInput): Promise<void> {
  const jobId = deleteJobId(input.cloneId);
  const job = await queue.getJob(jobId);
  const state = job === undefined ? 'unknown' : await job.getState();
  if (state === 'waiting' || state === 'active' || state === 'prioritized' || state === 'delayed') return;
  if (job !== undefined) await removeJob(redis, job);
  await enqueue(queue, input, { ...jobOptions, jobId });
}

async function dueTime({ queue, redis }: ExpireScheduleOptions, jobId: string): Promise<number | undefined> {
  const score = await redis.zscore(queue.toKey('delayed'), jobId);
  return score === null ? undefined : Math.floor(Number(score) / DELAYED_SCORE_STEP);
}
