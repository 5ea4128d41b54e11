import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { linksOf } from '../queue/job-links.ts';
import type { CloneView } from './clone-bodies.ts';

/** A record as clients see it: times as ISO text, no owner. */
export function viewClone(record: CloneRecord, publicUrl: string | undefined): CloneView {
  const { id, name, url, status, sourceUrl, jobId, createdAt, readyAt, expiresAt, sizes, error } = record;
  return {
    id,
    name,
    url,
    status,
    source: { url: sourceUrl },
    createdAt: new Date(createdAt).toISOString(),
    readyAt: readyAt === undefined ? undefined : new Date(readyAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    sizes,
    error,
    jobId,
    job: linksOf(jobId, publicUrl),
  };
}
