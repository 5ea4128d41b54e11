import { CloneCredentials } from '@wcr/shared/contracts/clone-record';
import { JobFailure, JobProgress } from '@wcr/shared/contracts/jobs';
import { RestoreReport } from '@wcr/shared/contracts/restore';
import { z } from 'zod';

// A client must live with an API that is newer than itself: words it does not know, and fields it does not use, are no error.

const JobLink = z.object({ id: z.string() });
const Failure = z.object({ code: z.string(), message: z.string() });

export const CloneAccepted = z.object({
  clone: z.object({ id: z.string(), url: z.string(), status: z.string() }),
  job: JobLink,
});

export const CloneView = z.object({
  id: z.string(),
  name: z.string().optional(),
  url: z.string(),
  status: z.string(),
  source: z.object({ url: z.string() }),
  createdAt: z.string(),
  readyAt: z.string().optional(),
  expiresAt: z.string(),
  error: Failure.optional(),
  jobId: z.string(),
});
export type CloneView = z.infer<typeof CloneView>;

export const ClonePage = z.object({ clones: z.array(CloneView), nextCursor: z.string().nullable() });

export const Credentials = CloneCredentials;
export type Credentials = z.infer<typeof Credentials>;

export const RestoreAccepted = z.object({ restore: z.object({ id: z.string(), status: z.string() }), job: JobLink });

/** Times are ISO text in answers, and numbers in records. */
const ReportView = z.object({ ...RestoreReport.shape, restorePointUntil: z.string().nullable() });
export type ReportView = z.infer<typeof ReportView>;

export const RestoreView = z.object({
  id: z.string(),
  status: z.string(),
  cloneId: z.string().optional(),
  target: z.object({ url: z.string() }),
  createdAt: z.string(),
  restorePointUntil: z.string().nullable(),
  report: ReportView.optional(),
  error: Failure.optional(),
  jobId: z.string(),
  rollbackJobId: z.string().optional(),
});
export type RestoreView = z.infer<typeof RestoreView>;

export const RestorePage = z.object({ restores: z.array(RestoreView), nextCursor: z.string().nullable() });

export const JobView = z.object({
  id: z.string(),
  queue: z.string(),
  status: z.string(),
  cloneId: z.string().optional(),
  restoreId: z.string().optional(),
  progress: JobProgress.optional(),
  attempts: z.number(),
  maxAttempts: z.number(),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  result: z.unknown().optional(),
  error: JobFailure.optional(),
});
export type JobView = z.infer<typeof JobView>;

export const LogPage = z.object({ lines: z.array(z.string()), total: z.number(), nextOffset: z.number().nullable() });
export type LogPage = z.infer<typeof LogPage>;

/** The one form of every error. */
export const Envelope = z.object({ error: JobFailure.extend({ requestId: z.string().optional() }) });
export type Envelope = z.infer<typeof Envelope>;

/** True when nothing will happen to a job any more, unless somebody retries it. */
export function hasEnded({ status }: Pick<JobView, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
