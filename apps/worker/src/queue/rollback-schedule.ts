import { ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import type { RollbackInput } from '@wcr/shared/contracts/restore';
import { enqueue } from '@wcr/shared/telemetry/enqueue';
import type { JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { removeJob } from './remove-job.ts';

export type RestoreOwner = { readonly restoreId: string; readonly owner: string };

/** Rollback jobs that nobody asked for by the API; one of each kind per restore however often it is called. */
export type RollbackSchedule = {
  /** Has the restore point removed at `at` (ms since the epoch). */
  scheduleForget(restore: RestoreOwner & { readonly at: number }): Promise<void>;
  /** Has what a failed restore left behind cleared away. */
  undo(restore: RestoreOwner): Promise<void>;
};

const FORGET = `${ROLLBACK_QUEUE}-forget-`;

/** Id of the job that removes a restore point. */
export function forgetJobId(restoreId: string): string {
  return FORGET + restoreId;
}

export function isForgetJobId(jobId: string): boolean {
  return jobId.startsWith(FORGET);
}

/** Id of the job that clears up behind a restore. */
export function undoJobId(restoreId: string): string {
  return `${ROLLBACK_QUEUE}-undo-${restoreId}`;
}

export type RollbackScheduleOptions = {
  readonly queue: Queue;
  readonly redis: Redis;
  readonly jobOptions: JobsOptions;
  readonly now: () => number;
};

export function createRollbackSchedule({ queue, redis, jobOptions, now }: RollbackScheduleOptions): RollbackSchedule {
  return {
    async scheduleForget({ restoreId, owner, at }) {
      const input: RollbackInput = { restoreId, action: 'forget', owner };
      await enqueue(queue, input, { ...jobOptions, jobId: forgetJobId(restoreId), delay: Math.max(0, at - now()) });
    },
    async undo({ restoreId, owner }) {
      const jobId = undoJobId(restoreId);
      const job = await queue.getJob(jobId);
      // One that has failed is only kept for people to look at, and would make this add a no-op.
      if (job !== undefined && (await job.isFailed())) await removeJob(redis, job);
      const input: RollbackInput = { restoreId, action: 'undo', owner };
      await enqueue(queue, input, { ...jobOptions, jobId });
    },
  };
}
