import type { CloneRecord, CloneStatus } from '@wcr/shared/contracts/clone-record';

/** What a clone is while its job works on it. */
const UNFINISHED: ReadonlySet<CloneStatus> = new Set(['queued', 'provisioning', 'copying']);

/** Whether a copy may still write into a clone: nobody has seen it yet, and it is not on its way out. */
export function isBeingMade(record: CloneRecord): boolean {
  return UNFINISHED.has(record.status) && record.finishedAt === undefined;
}

/**
 * Merges a patch into a record. The id stays, and a status never goes back: a clone that has begun to expire must not
 * become ready by a worker that was cut off (the gateway would serve half a clone), nor a ready one unfinished by a
 * worker that was replaced (the sweeper would take it for left over and remove it).
 */
export function mergeRecord(record: CloneRecord, patch: Partial<CloneRecord>): CloneRecord {
  const merged = { ...record, ...patch, id: record.id };
  return mayBecome(record.status, merged.status) ? merged : { ...merged, status: record.status };
}

function mayBecome(now: CloneStatus, next: CloneStatus): boolean {
  if (now === 'expiring' || now === 'expired') return next === 'expired';
  return now !== 'ready' || !UNFINISHED.has(next);
}

/** What is said of a folder whose record cannot be read: failed and past its time, so that the sweeper removes it. */
export function orphanRecord(id: string, url: string, changedAt: number): CloneRecord {
  return {
    id,
    url,
    status: 'failed',
    owner: '',
    sourceUrl: '',
    jobId: '',
    createdAt: changedAt,
    expiresAt: changedAt,
    error: { code: 'runtime.failed', message: 'The record of this clone cannot be read.' },
  };
}
