import { ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import type { RollbackInput } from '@wcr/shared/contracts/restore';
import type { JobsOptions, Queue } from 'bullmq';

/** The job that removes a restore point when its time is up; one per restore. */
export function forgetJobId(restoreId: string): string {
  return `${ROLLBACK_QUEUE}-forget-${restoreId}`;
}

export type ForgetRequest = { readonly restoreId: string; readonly owner: string; readonly at: number };

/** Makes the appointment, once however often it is called. */
export function createForgetSchedule(options: { queue: Queue; jobOptions: JobsOptions; now: () => number }) {
  const { queue, jobOptions, now } = options;
  return async ({ restoreId, owner, at }: ForgetRequest): Promise<void> => {
    const input: RollbackInput = { restoreId, action: 'forget', owner };
    await queue.add(ROLLBACK_QUEUE, input, { ...jobOptions, jobId: forgetJobId(restoreId), delay: Math.max(0, at - now()) });
  };
}
