import { AppError } from '@wcr/shared/errors/app-error';
import type { Envelope, JobView } from './answers.ts';

/** A failure that the service has told of, in its words: its code may be newer than this program. */
export class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure';
  readonly envelope: Envelope;
  /** The HTTP status of a call; 0 for a job. */
  readonly status: number;

  constructor(envelope: Envelope, status: number) {
    super(envelope.error.message);
    this.envelope = envelope;
    this.status = status;
  }
}

/** Why a job did not complete. */
export function failureOfJob({ id, status, error }: Pick<JobView, 'id' | 'status' | 'error'>): ReportedFailure {
  if (error !== undefined) return new ReportedFailure({ error }, 0);
  const { code, message, hint } = new AppError(status === 'cancelled' ? 'job.cancelled' : 'internal.unexpected', { jobId: id });
  return new ReportedFailure({ error: { code, message, hint } }, 0);
}
