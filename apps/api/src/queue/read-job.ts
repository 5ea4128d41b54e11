import { z } from '@hono/zod-openapi';
import { JobFailure, JobProgress } from '@wcr/shared/contracts/jobs';
import { QUEUES, redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ErrorCode } from '@wcr/shared/errors/catalogue';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { OwnedJob } from './find-job.ts';
import type { Queues } from './queues.ts';
import { viaRedis } from './redis-client.ts';

export const JobStatus = z.enum(['waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled']);
export type JobStatus = z.infer<typeof JobStatus>;

// Made anew: the shared schema may exist before zod learns `openapi`.
const PublicFailure = z.object(JobFailure.shape).openapi('JobFailure', {
  example: {
    code: 'source.unreachable',
    message: 'The source cannot be reached: connection refused',
    hint: 'Check the address and that the site is up.',
    step: 'reach-source',
  },
});

/** A job as clients see it. */
export const JobView = z
  .object({
    id: z.string().openapi({ example: 'clone-4f1c2ad09b7e63588d1c4e2f7a90b135' }),
    queue: z.enum(QUEUES),
    status: JobStatus,
    cloneId: z.string().optional(),
    restoreId: z.string().optional(),
    ahead: z.number().optional().openapi({ description: 'How many jobs of the queue are taken up before it, while it waits.' }),
    progress: JobProgress.optional(),
    attempts: z.number().openapi({ description: 'Attempts that have ended without success, and the one that succeeded.' }),
    maxAttempts: z.number(),
    cancelRequested: z.boolean(),
    createdAt: z.string(),
    startedAt: z.string().optional(),
    finishedAt: z.string().optional(),
    result: z.unknown().optional(),
    error: PublicFailure.optional().openapi({ description: 'Why the job failed, or why its last attempt did.' }),
  })
  .openapi('Job');
export type JobView = z.infer<typeof JobView>;

const STATUS_OF_STATE: Readonly<Record<string, JobStatus>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  'waiting-children': 'waiting',
  delayed: 'delayed',
  active: 'active',
  completed: 'completed',
  failed: 'failed',
};

/** True when nothing will happen to the job any more, unless somebody retries it. */
export function isTerminal(status: JobStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/**
 * Reads a job's present state.
 * @throws AppError `job.not_found` when it is gone by now; `queue.unavailable`
 */
export async function readJob(deps: { redis: Redis; queues: Queues }, owned: OwnedJob): Promise<JobView> {
  const queue = deps.queues[owned.queue];
  const [job, state, cancelled] = await viaRedis(() =>
    Promise.all([queue.getJob(owned.jobId), queue.getJobState(owned.jobId), deps.redis.exists(redisKeys.cancel(owned.jobId))]),
  );
  if (job === undefined) throw new AppError('job.not_found', { jobId: owned.jobId });
  const error = failureOf(job);
  const status = statusOf(job, state, error?.code);
  return {
    id: owned.jobId,
    queue: owned.queue,
    status,
    ahead: status === 'waiting' ? await countAhead(deps.redis, queue, owned.jobId) : undefined,
    cloneId: owned.cloneId,
    restoreId: owned.restoreId,
    progress: JobProgress.safeParse(job.progress).data,
    attempts: job.attemptsMade,
    maxAttempts: job.opts.attempts ?? 1,
    cancelRequested: cancelled === 1 && !isTerminal(status),
    createdAt: isoOf(job.timestamp),
    startedAt: job.processedOn ? isoOf(job.processedOn) : undefined,
    finishedAt: job.finishedOn ? isoOf(job.finishedOn) : undefined,
    result: status === 'completed' ? job.returnvalue : undefined,
    error,
  };
}

/** Workers take from the end of the list. Undefined for a job that was taken up in this moment. */
async function countAhead(redis: Redis, queue: Queue, jobId: string): Promise<number | undefined> {
  const waiting = queue.toKey('wait');
  const [length, index] = await viaRedis(() => Promise.all([redis.llen(waiting), redis.lpos(waiting, jobId)]));
  return index === null ? undefined : Math.max(0, length - 1 - index);
}

/** State and job are two reads: while a job moves between lists its state may be unknown for a moment. */
function statusOf(job: Job, state: string, code: string | undefined): JobStatus {
  const status = STATUS_OF_STATE[state] ?? (job.processedOn ? 'active' : 'waiting');
  return status === 'failed' && code === 'job.cancelled' ? 'cancelled' : status;
}

/** The engine stores failures as JSON with a code. BullMQ's own (a job lost too often) and foreign ones are named here. */
function failureOf(job: Job): JobFailure | undefined {
  if (!job.failedReason) return undefined;
  const stored = JobFailure.safeParse(parseJson(job.failedReason)).data;
  if (stored) return stored;
  const code: ErrorCode = job.stalledCounter > 0 ? 'job.stalled' : 'internal.unexpected';
  const { message, hint } = new AppError(code);
  return { code, message, hint };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
