import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { ExpireInput } from '@wcr/shared/contracts/jobs';
import { EXPIRE_QUEUE } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Runtime } from '../../drivers/runtime/runtime.types.ts';
import { defineJob } from '../../engine/define-job.ts';
import { JobPostponement } from '../../engine/interruptions.ts';
import type { Projection } from '../../projection/projection.ts';
import type { CloneJobs } from '../../queue/clone-jobs.ts';
import type { ExpireSchedule } from '../../queue/expire-schedule.ts';
import type { SecretStore } from '../../queue/secret-store.ts';

export type ExpireDeps = {
  readonly runtime: Runtime;
  readonly projection: Projection;
  readonly cloneJobs: CloneJobs;
  readonly schedule: ExpireSchedule;
  readonly secrets: Pick<SecretStore, 'forget'>;
  readonly now: () => number;
};

/** Makes a clone disappear with everything that belonged to it. Running it for a clone that is gone changes nothing. */
export const expireJob = defineJob<ExpireDeps>()({
  name: EXPIRE_QUEUE,
  input: ExpireInput,
  steps: ['mark-expiring', 'remove-clone', 'update-projection'],
  async run({ input, deps, step }) {
    const { cloneId } = input;
    const { jobId } = await step('mark-expiring', () => markExpiring(deps, input));
    await step('remove-clone', async ({ signal }) => {
      await deps.runtime.remove(cloneId, signal);
      if ((await deps.runtime.read(cloneId)) !== undefined)
        throw new AppError('runtime.failed', { reason: 'it did not go away' });
      return null;
    });
    await step('update-projection', () => updateProjection(deps, input, jobId));
    return { cloneId, reason: input.reason };
  },
});

async function markExpiring(deps: ExpireDeps, { cloneId, reason }: ExpireInput): Promise<{ jobId: string | null }> {
  const { runtime, projection, cloneJobs, now } = deps;
  const record = await runtime.read(cloneId);
  // The clone may have been given more time since this job was queued.
  if (reason === 'expired' && record !== undefined && record.expiresAt > now()) throw new JobPostponement(record.expiresAt);
  const projected = await projection.read(cloneId);
  await runtime.update(cloneId, { status: 'expiring' });
  if (projected !== undefined) await projection.update(cloneId, endingOf(projected, reason));
  const jobId = record?.jobId ?? projected?.jobId ?? null;
  // A clone job that still runs would make again what is removed here.
  if (jobId !== null) await cloneJobs.cancel(jobId);
  return { jobId };
}

/** A clone that failed goes on being shown as failed; people want to see why. */
function endingOf(projected: CloneRecord, reason: ExpireInput['reason']): Partial<CloneRecord> {
  if (projected.status === 'failed') return {};
  if (reason !== 'orphaned' && reason !== 'failed') return { status: 'expiring' };
  const { code, message } = new AppError('job.stalled');
  return { status: 'failed', error: { code, message } };
}

async function updateProjection(deps: ExpireDeps, { cloneId }: ExpireInput, jobId: string | null): Promise<null> {
  const { projection, cloneJobs, secrets, schedule } = deps;
  const secretRef = jobId === null ? undefined : await cloneJobs.secretRefOf(jobId);
  if (secretRef !== undefined) await secrets.forget(secretRef);
  const projected = await projection.read(cloneId);
  await projection.update(cloneId, { status: projected?.status === 'failed' ? 'failed' : 'expired' });
  await schedule.cancelScheduled(cloneId);
  return null;
}
