import { type QueueName, queueOfJobId } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import { z } from 'zod';
import { type Caller, mayAccess } from '../access/api-keys.ts';
import type { CloneStore } from '../clones/clone-store.ts';
import type { Queues } from './queues.ts';
import { viaRedis } from './redis-client.ts';

/** The fields by which every job tells to whom it belongs and what it works on. */
const JobOwnership = z.object({
  owner: z.string().optional(),
  cloneId: z.string().optional(),
  restoreId: z.string().optional(),
  /** Of a restore. */
  from: z.object({ cloneId: z.string().optional() }).optional(),
});

export type OwnedJob = {
  readonly jobId: string;
  readonly queue: QueueName;
  /** The clone that is made, changed or read. */
  readonly cloneId: string | undefined;
  readonly restoreId: string | undefined;
  readonly job: Job;
};

/**
 * A job the caller may see.
 * @throws AppError `job.not_found` also for the job of another caller; `queue.unavailable`
 */
export async function findJob(deps: { queues: Queues; clones: CloneStore }, jobId: string, caller: Caller): Promise<OwnedJob> {
  const queue = queueOfJobId(jobId);
  const job = queue === undefined ? undefined : await viaRedis(() => deps.queues[queue].getJob(jobId));
  if (queue === undefined || job === undefined) throw new AppError('job.not_found', { jobId });
  const { owner, cloneId } = JobOwnership.parse(job.data);
  const known = owner ?? (cloneId === undefined ? undefined : await deps.clones.ownerOf(cloneId));
  if (!mayAccess(caller, known)) throw new AppError('job.not_found', { jobId });
  return describeJob(queue, job);
}

/** What a job works on. */
export function describeJob(queue: QueueName, job: Job): OwnedJob {
  const { cloneId, restoreId, from } = JobOwnership.parse(job.data);
  return { jobId: job.id ?? '', queue, cloneId: cloneId ?? from?.cloneId, restoreId, job };
}
