import type { CloneStatus } from '@wcr/shared/contracts/clone-record';
import { ExtendInput } from '@wcr/shared/contracts/jobs';
import { EXTEND_QUEUE } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Runtime } from '../../drivers/runtime/runtime.types.ts';
import { defineJob } from '../../engine/define-job.ts';
import { JobPostponement } from '../../engine/interruptions.ts';
import type { Projection } from '../../projection/projection.ts';
import type { CloneJobs } from '../../queue/clone-jobs.ts';
import type { ExpireSchedule } from '../../queue/expire-schedule.ts';
import type { ExpiryOrder } from '../../queue/expiry-order.ts';

export type ExtendDeps = {
  readonly runtime: Runtime;
  readonly projection: Projection;
  readonly schedule: ExpireSchedule;
  readonly order: ExpiryOrder;
  readonly cloneJobs: Pick<CloneJobs, 'state'>;
  readonly now: () => number;
};

const ENDED: ReadonlySet<CloneStatus> = new Set(['expiring', 'expired', 'failed']);
const UNFINISHED: ReadonlySet<CloneStatus> = new Set(['queued', 'provisioning', 'copying']);
const MAX_ROUNDS = 20;
/** Time between looks for a clone that is still to be made. */
const WAIT_MS = 5_000;

/** Carries a new expiry to the runtime, which owns it. Of two changes the later request wins, whichever runs last. */
export const extendJob = defineJob<ExtendDeps>()({
  name: EXTEND_QUEUE,
  input: ExtendInput,
  steps: ['claim-order', 'apply-expiry', 'reschedule'],
  async run({ input, deps, step }) {
    const { cloneId } = input;
    await step('claim-order', async () => {
      await deps.order.claim(cloneId, input);
      return null;
    });
    const { expiresAt, unfinished } = await step('apply-expiry', () => applyExpiry(deps, input));
    await step('reschedule', async () => {
      await deps.projection.update(cloneId, { expiresAt });
      // The clone job makes the appointment when the clone is ready.
      if (!unfinished) await deps.schedule.scheduleExpire(cloneId, expiresAt);
      return null;
    });
    return { cloneId, expiresAt };
  },
});

/** A later request may claim while this one writes: what counts is what the order says after the write. */
async function applyExpiry(
  deps: ExtendDeps,
  { cloneId, expiresAt }: ExtendInput,
): Promise<{ expiresAt: number; unfinished: boolean }> {
  const { runtime, order } = deps;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const wanted = (await order.winner(cloneId)) ?? expiresAt;
    const present = await runtime.read(cloneId);
    if (present === undefined) throw await absence(deps, cloneId);
    if (ENDED.has(present.status)) throw new AppError('clone.ended', { cloneId, status: present.status });
    await runtime.update(cloneId, { expiresAt: wanted });
    if (((await order.winner(cloneId)) ?? wanted) === wanted) {
      return { expiresAt: wanted, unfinished: UNFINISHED.has(present.status) };
    }
  }
  throw new AppError('internal.unexpected');
}

/** A clone that is still in the queue exists in no runtime yet: the change waits for it. */
async function absence({ projection, cloneJobs, now }: ExtendDeps, cloneId: string): Promise<Error> {
  const projected = await projection.read(cloneId);
  if (projected === undefined) return new AppError('clone.not_found', { cloneId });
  if (UNFINISHED.has(projected.status) && (await cloneJobs.state(projected.jobId)).alive) {
    return new JobPostponement(now() + WAIT_MS);
  }
  return new AppError('clone.ended', { cloneId, status: projected.status });
}
