import { type RestoreRecord, targetSecretRef } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import { undoJobId } from '../../queue/rollback-schedule.ts';
import type { SweepDeps, SweepFinding } from './sweep.types.ts';

/** Ends the record of a restore whose job is gone, and has its target cleared up; one that lives is left alone. */
export async function settleRestore(deps: SweepDeps, record: RestoreRecord): Promise<SweepFinding[]> {
  const { restores, restoreJobs, settings, now } = deps;
  const { status } = record;
  if (status !== 'queued' && status !== 'running' && status !== 'rolling-back') return [];
  const jobId = status === 'rolling-back' ? (record.rollbackJobId ?? '') : record.jobId;
  const state = await restoreJobs.state(jobId);
  if (state.alive || now() - (state.endedAt ?? record.createdAt) < settings.graceMs) return [];
  const { code, message } = state.failure ?? new AppError('job.stalled');
  if (status === 'rolling-back') {
    // The restore point is still there; people can ask again.
    await restores.update(record.id, { status: 'completed', error: { code, message } });
    return ['restore-ended'];
  }
  return endRestore(deps, record, { code, message });
}

/** A target that was never reached has nothing to be cleared up. */
async function endRestore(
  { restores, restoreJobs, rollbacks, secrets, now }: SweepDeps,
  record: RestoreRecord,
  error: { code: string; message: string },
): Promise<SweepFinding[]> {
  if (record.status === 'running' && (await secrets.has(targetSecretRef(record.id)))) {
    if (!(await restoreJobs.state(undoJobId(record.id))).alive)
      await rollbacks.undo({ restoreId: record.id, owner: record.owner });
    return ['rollback-asked'];
  }
  await restores.update(record.id, { status: 'failed', error, endedAt: now() });
  await secrets.forget(targetSecretRef(record.id));
  return ['restore-ended'];
}
