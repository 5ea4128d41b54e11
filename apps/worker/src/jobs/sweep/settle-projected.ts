import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { AppError } from '@wcr/shared/errors/app-error';
import type { SweepDeps, SweepFinding } from './sweep.types.ts';

/** Ends the record of a clone that doesn't exist, unless it may still come into being. */
export async function settleProjected(deps: SweepDeps, record: CloneRecord): Promise<SweepFinding[]> {
  const { runtime, projection, cloneJobs, settings, now } = deps;
  if (record.status === 'expired' || record.status === 'failed') return [];
  if ((await runtime.read(record.id)) !== undefined) return [];
  const state = await cloneJobs.state(record.jobId);
  if (state.alive || now() - (state.endedAt ?? record.createdAt) < settings.graceMs) return [];
  if (record.status === 'ready' || record.status === 'expiring') await projection.update(record.id, { status: 'expired' });
  else {
    const { code, message } = state.failure ?? new AppError('job.stalled');
    await projection.update(record.id, { status: 'failed', error: { code, message } });
  }
  return ['projection-ended'];
}
