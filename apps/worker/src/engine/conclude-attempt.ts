import { setTimeout as sleep } from 'node:timers/promises';
import type { JobFailure } from '@wcr/shared/contracts/jobs';
import { isAppError } from '@wcr/shared/errors/app-error';
import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import type { Attempt, Engine } from './attempt.ts';
import type { JobOutcome } from './engine.types.ts';
import { JobInterruption, JobPostponement } from './interruptions.ts';
import { failureOf, isRetryable } from './job-failure.ts';

const TERMINAL_TRIES = 3;

/** A worker died while it cleaned up after a failed job: the cleaning is done again, the job isn't. */
export class TerminalResumption extends Error {
  readonly failure: JobFailure;

  constructor(failure: JobFailure) {
    super('the job had failed for good already');
    this.failure = failure;
  }
}

export type Ending = { readonly outcome: JobOutcome; readonly error: Error /** Of a failure. */; readonly code?: string };

export type Conclusion = {
  readonly step: string | undefined;
  /** Cleans up; absent when there is nothing to clean or the input can't be read. */
  readonly onTerminalFailure: ((failure: JobFailure) => Promise<void>) | undefined;
};

/** Decides what an attempt's error means, does what follows from it, and answers what BullMQ must be thrown. */
export async function concludeAttempt(engine: Engine, attempt: Attempt, error: unknown, conclusion: Conclusion): Promise<Ending> {
  if (!attempt.signal.aborted) await lookOnceMore(attempt);
  // A step that is aborted may throw anything; the reason counts.
  const cause: unknown = attempt.signal.aborted ? attempt.signal.reason : error;
  try {
    if (cause instanceof JobInterruption || isLockLost(cause)) return await release(engine, attempt, cause);
    if (cause instanceof JobPostponement) return await postpone(attempt, cause);
    return await fail(engine, attempt, cause, conclusion);
  } catch (second) {
    if (!isLockLost(second)) throw second;
    return release(engine, attempt, second);
  }
}

/** Who cancels a job takes away what it needs, which a step may notice before the next heartbeat: then that is why it failed. */
async function lookOnceMore({ heartbeat }: Attempt): Promise<void> {
  try {
    await heartbeat.beat();
  } catch {
    // Whether the job is still ours is found out by whatever is written next.
  }
}

/** Hands the job back: it goes to the front of the line and no attempt is used. */
async function release(engine: Engine, attempt: Attempt, cause: unknown): Promise<Ending> {
  const lost = isLockLost(cause) || (cause instanceof JobInterruption && cause.kind === 'lock-lost');
  if (lost) engine.metrics.lockLost(attempt.job.queueName);
  else attempt.log.add('worker', 'released: the worker stops, another one goes on');
  await attempt.flush();
  try {
    await attempt.job.moveToWait(attempt.token);
  } catch (error) {
    // Somebody else has the job, or the stalled check will find it: either way it isn't ours to move.
    attempt.logger.info({ err: error }, 'the job is no longer ours to release');
  }
  return { outcome: lost ? 'lock-lost' : 'released', error: new WaitingError() };
}

async function postpone(attempt: Attempt, { until }: JobPostponement): Promise<Ending> {
  attempt.log.add('worker', `waits until ${new Date(until).toISOString()}`);
  await attempt.flush();
  await attempt.job.moveToDelayed(until, attempt.token);
  return { outcome: 'postponed', error: new DelayedError() };
}

async function fail(engine: Engine, attempt: Attempt, cause: unknown, conclusion: Conclusion): Promise<Ending> {
  const { job, logger, log } = attempt;
  const failure = cause instanceof TerminalResumption ? cause.failure : failureOf(cause, conclusion.step, engine.redact);
  const attempts = job.opts.attempts ?? 1;
  const terminal = cause instanceof TerminalResumption || !isRetryable(cause) || job.attemptsMade + 1 >= attempts;
  logger.warn({ err: cause, code: failure.code, step: failure.step, terminal }, 'an attempt failed');
  log.add(failure.step ?? 'worker', `failed: ${failure.message} (${failure.code})${terminal ? '' : '; will be tried again'}`);
  if (terminal) await finishForGood(engine, attempt, failure, conclusion);
  await attempt.flush();
  const { code } = failure;
  if (!terminal) return { outcome: 'retried', code, error: shownError(new Error(JSON.stringify(failure)), failure) };
  const outcome = code === 'job.cancelled' ? 'cancelled' : 'failed';
  return { outcome, code, error: shownError(new UnrecoverableError(JSON.stringify(failure)), failure) };
}

/** Runs before the job is marked failed, so that a crash here counts as a stall and the next worker does it again. */
async function finishForGood(
  engine: Engine,
  attempt: Attempt,
  failure: JobFailure,
  { onTerminalFailure }: Conclusion,
): Promise<void> {
  const { job, store, logger } = attempt;
  await store.markTerminal({ failure, attemptsMade: job.attemptsMade, stalls: job.stalledCounter ?? 0 });
  for (let tries = 1; onTerminalFailure !== undefined; tries += 1) {
    try {
      return await onTerminalFailure(failure);
    } catch (error) {
      logger.error({ err: error, tries }, 'cleaning up after a failed job failed');
      // What stays behind is left to the sweeper.
      if (tries === TERMINAL_TRIES) return;
      await sleep(engine.settings.terminalRetryMs);
    }
  }
}

/** BullMQ stores stack traces beside the reason; ours would only tell where the engine is. */
function shownError(error: Error, failure: JobFailure): Error {
  error.stack = `${failure.code}${failure.step === undefined ? '' : ` in ${failure.step}`}`;
  return error;
}

function isLockLost(error: unknown): boolean {
  return isAppError(error) && error.code === 'job.lock_lost';
}
