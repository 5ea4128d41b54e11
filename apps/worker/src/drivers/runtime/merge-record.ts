import type { CloneRecord } from '@wcr/shared/contracts/clone-record';

/**
 * Merges a patch into a record. The id stays, and a clone that has begun to expire never comes back: a late "ready" of a
 * worker that was cut off must not let the gateway serve half a clone.
 */
export function mergeRecord(record: CloneRecord, patch: Partial<CloneRecord>): CloneRecord {
  const merged = { ...record, ...patch, id: record.id };
  const isEnding = record.status === 'expiring' || record.status === 'expired';
  const mayChange = !isEnding || patch.status === 'expired';
  return mayChange ? merged : { ...merged, status: record.status };
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
