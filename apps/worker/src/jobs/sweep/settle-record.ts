import type { CloneRecord, CloneStatus } from '@wcr/shared/contracts/clone-record';
import type { SweepDeps, SweepFinding } from './sweep.types.ts';

const UNFINISHED: ReadonlySet<CloneStatus> = new Set(['queued', 'provisioning', 'copying']);

/** Mends what Redis says of a clone that exists, and sees to it that the clone will go when it must. */
export async function settleRecord(deps: SweepDeps, record: CloneRecord): Promise<SweepFinding[]> {
  // A job that failed is clearing away what it has made, and will say why; told of too early, that would be nobody's failure.
  if (record.status === 'expiring' && (await deps.cloneJobs.state(record.jobId)).alive) return [];
  return [
    ...(await settleProjection(deps, record)),
    ...(await settleCredentials(deps, record)),
    ...(UNFINISHED.has(record.status) ? await settleUnfinished(deps, record) : await settleExpiry(deps, record)),
  ];
}

async function settleProjection({ runtime, projection, schedule }: SweepDeps, record: CloneRecord): Promise<SweepFinding[]> {
  const projected = await projection.read(record.id);
  if (projected !== undefined && sameRecord(projected, record)) return [];
  // The list may be old by now, and a job may have changed both since.
  const present = await runtime.read(record.id);
  if (present === undefined) return [];
  if (projected === undefined) {
    await projection.write(present);
    return ['projection-rebuilt'];
  }
  if (projected.status === 'expiring') {
    // Somebody asked for the clone's end, and the job that brings it about may have failed.
    if (!(await schedule.isRunning(record.id))) await schedule.expireNow({ cloneId: record.id, reason: 'deleted' });
    return [];
  }
  if (sameRecord(projected, present)) return [];
  await projection.write(present);
  return ['projection-corrected'];
}

async function settleCredentials({ runtime, projection }: SweepDeps, { id, status }: CloneRecord): Promise<SweepFinding[]> {
  if (status !== 'ready' || (await projection.hasCredentials(id))) return [];
  const handle = await runtime.open(id);
  if (handle === undefined) return [];
  await projection.writeCredentials(id, handle.credentials);
  return ['credentials-renewed'];
}

async function settleExpiry({ schedule, now }: SweepDeps, { id, status, expiresAt }: CloneRecord): Promise<SweepFinding[]> {
  if (status !== 'ready') {
    if (await schedule.isRunning(id)) return [];
    await schedule.expireNow({ cloneId: id, reason: status === 'failed' ? 'failed' : 'deleted' });
    return ['expired'];
  }
  // Makes the appointment again if it is lost, and moves it to now if it was missed.
  await schedule.scheduleExpire(id, expiresAt);
  return expiresAt <= now() ? ['expired'] : [];
}

/** A clone that is being made belongs to its job, however long that takes; without one nobody will finish it. */
async function settleUnfinished(deps: SweepDeps, record: CloneRecord): Promise<SweepFinding[]> {
  const { cloneJobs, schedule, settings, now } = deps;
  const state = await cloneJobs.state(record.jobId);
  if (state.alive || now() - (state.endedAt ?? record.createdAt) < settings.graceMs) return [];
  await schedule.expireNow({ cloneId: record.id, reason: 'orphaned' });
  return ['orphaned'];
}

function sameRecord(one: CloneRecord, other: CloneRecord): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof CloneRecord>;
  return [...keys].every((key) => JSON.stringify(one[key]) === JSON.stringify(other[key]));
}
