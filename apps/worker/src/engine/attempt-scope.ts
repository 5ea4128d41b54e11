import {
  beginSpan,
  currentSpan,
  currentTraceparent,
  failSpan,
  linkSpan,
  type SpanOptions,
  withSpan,
} from '@wcr/shared/telemetry/spans';
import type { Job } from 'bullmq';
import { z } from 'zod';
import { inJobScope, type JobScope } from '../telemetry/job-scope.ts';
import type { Engine } from './attempt.ts';
import type { CheckpointStore, JobState } from './checkpoint-store.ts';
import type { JobOutcome } from './engine.types.ts';

/** How long the secrets of an attempt are still cut out of what a step writes that would not end with it. */
const SECRETS_LINGER_MS = 60_000;

const Requested = z.object({ requestId: z.string().optional() });

/**
 * Runs an attempt at a job as what it is in logs and traces: lines have its ids, and its span is part of the trace of the
 * request that queued it. Secrets that it opens are known until shortly after.
 */
export async function inAttempt<T>(engine: Engine, job: Job, token: string, body: () => Promise<T>): Promise<T> {
  const scope = scopeOf(job, token);
  const span = beginSpan(`job ${scope.queue}`, spanOf(job));
  try {
    return await inJobScope(scope, () => withSpan(span, body));
  } finally {
    span.end();
    setTimeout(() => engine.forgetSecrets(scope.attempt), SECRETS_LINGER_MS).unref();
  }
}

/** Ties this attempt's span to that of the attempt before it, on whatever worker that was, and leaves its own to the next. */
export async function linkAttempts(store: Pick<CheckpointStore, 'noteTrace'>, { trace }: JobState): Promise<void> {
  const own = currentTraceparent();
  if (own === undefined) return;
  if (trace !== undefined) linkSpan(trace);
  await store.noteTrace(own);
}

/** Writes into the attempt's span how it ended. @param code why it failed, if it did */
export function noteOutcome(outcome: JobOutcome, code?: string): void {
  const span = currentSpan();
  span.setAttribute('wcr.job.outcome', outcome);
  if (code !== undefined) failSpan(span, code);
}

function scopeOf(job: Job, token: string): JobScope {
  const jobId = job.id ?? '';
  const { requestId } = Requested.safeParse(job.data).data ?? {};
  return { queue: job.queueName, jobId, ...(requestId && { requestId }), attempt: `${jobId} ${token}` };
}

/** What was put off on purpose, such as a clone's expiry, has a trace of its own: nobody waits hours for a trace to end. */
function spanOf(job: Job): SpanOptions {
  const { delay = 0, telemetry } = job.opts;
  const queuedBy = telemetry?.metadata;
  const place = delay > 0 || queuedBy === undefined ? { links: queuedBy === undefined ? [] : [queuedBy] } : { parent: queuedBy };
  const attributes = {
    'wcr.queue': job.queueName,
    'wcr.job.id': job.id ?? '',
    'wcr.job.attempt': job.attemptsMade + 1,
    'wcr.job.stalls': job.stalledCounter ?? 0,
  };
  return { kind: 'consumer', attributes, ...place };
}
