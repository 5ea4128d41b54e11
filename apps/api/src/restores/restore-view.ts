import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { linksOf } from '../queue/job-links.ts';
import type { RestoreView } from './restore-bodies.ts';

/** A record as clients see it: times as ISO text, no owner. */
export function viewRestore(record: RestoreRecord, publicUrl: string | undefined): RestoreView {
  const { id, status, cloneId, sourceUrl, targetUrl, options, createdAt, endedAt, report, error, jobId, rollbackJobId } = record;
  const until = isoOf(report?.restorePointUntil ?? undefined) ?? null;
  return {
    id,
    status,
    cloneId,
    source: sourceUrl === undefined ? undefined : { url: sourceUrl },
    target: { url: targetUrl },
    options,
    createdAt: new Date(createdAt).toISOString(),
    endedAt: isoOf(endedAt),
    // The report tells what was when it was written; a restore point ends with its rollback.
    restorePointUntil: status === 'completed' || status === 'rolling-back' ? until : null,
    report: report && { ...report, restorePointUntil: until },
    error,
    jobId,
    job: linksOf(jobId, publicUrl),
    rollbackJobId,
    rollbackJob: rollbackJobId === undefined ? undefined : linksOf(rollbackJobId, publicUrl),
  };
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
