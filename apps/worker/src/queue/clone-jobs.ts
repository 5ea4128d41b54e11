import { CloneInput, JobFailure } from '@wcr/shared/contracts/jobs';
import { DELAYED_SCORE_FACTOR, queueOfJobId, redisKeys } from '@wcr/shared/contracts/queues';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Queues } from './queues.ts';

/** Longer than any job lives on after it was cancelled. */
const CANCEL_TTL_MS = 7 * 86_400_000;

export type CloneJobState =
  /** Waits or runs, or will be tried again. */
  | { readonly alive: true }
  | { readonly alive: false; readonly endedAt: number | undefined; readonly failure: JobFailure | undefined };

/** What others need to know of the jobs that make clones. */
export type CloneJobs = {
  state(jobId: string): Promise<CloneJobState>;
  /** Asks a job that has not ended to end; the engine sees it within a heartbeat. No-op otherwise. */
  cancel(jobId: string): Promise<void>;
  /** Names the sealed secrets of a job, while the job is kept. */
  secretRefOf(jobId: string): Promise<string | undefined>;
  /** How many wait for a worker now; those that will be tried again later do not. */
  backlog(): Promise<number>;
};

/** What became of any job whose id begins with its queue's name. */
export function createJobStates(queues: Queues): Pick<CloneJobs, 'state'> {
  return {
    async state(jobId) {
      const name = queueOfJobId(jobId);
      return name === undefined ? GONE : readState(queues[name], jobId);
    },
  };
}

const GONE: CloneJobState = { alive: false, endedAt: undefined, failure: undefined };

async function readState(queue: Queue, jobId: string): Promise<CloneJobState> {
  const job: Job | undefined = await queue.getJob(jobId);
  const now = job === undefined ? 'unknown' : await job.getState();
  if (job === undefined || now === 'unknown') return GONE;
  if (now !== 'completed' && now !== 'failed') return { alive: true };
  return { alive: false, endedAt: job.finishedOn, failure: parseFailure(job.failedReason) };
}

type CloneJobsOptions = { readonly queue: Queue; readonly redis: Redis; readonly now?: () => number };

export function createCloneJobs({ queue, redis, now = Date.now }: CloneJobsOptions): CloneJobs {
  const state = (jobId: string) => readState(queue, jobId);
  return {
    state,
    async cancel(jobId) {
      if ((await state(jobId)).alive) await redis.set(redisKeys.cancel(jobId), '1', 'PX', CANCEL_TTL_MS);
    },
    async secretRefOf(jobId) {
      const job = await queue.getJob(jobId);
      const parsed = CloneInput.safeParse(job?.data);
      return parsed.success ? parsed.data.secretRef : undefined;
    },
    async backlog() {
      const [waiting, due] = await Promise.all([
        queue.getJobCountByTypes('waiting', 'prioritized'),
        redis.zcount(queue.toKey('delayed'), '-inf', (now() + 1) * DELAYED_SCORE_FACTOR - 1),
      ]);
      return waiting + due;
    },
  };
}

/** BullMQ writes some reasons itself; those are no failures of ours. */
export function parseFailure(reason: string | undefined): JobFailure | undefined {
  if (!reason?.startsWith('{')) return undefined;
  try {
    return JobFailure.parse(JSON.parse(reason));
  } catch {
    return undefined;
  }
}
