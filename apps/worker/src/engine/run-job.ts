import type { JobFailure } from '@wcr/shared/contracts/jobs';
import { AppError } from '@wcr/shared/errors/app-error';
import { type Job, UnrecoverableError } from 'bullmq';
import { type Attempt, beginAttempt, type Engine } from './attempt.ts';
import { inAttempt, linkAttempts, noteOutcome } from './attempt-scope.ts';
import type { JobState } from './checkpoint-store.ts';
import { concludeAttempt, type Ending, TerminalResumption } from './conclude-attempt.ts';
import type { JobDefinition, Json, RunStep } from './engine.types.ts';
import { createStepRunner, type StepRunner } from './run-steps.ts';

/** What BullMQ calls. It must keep three parameters: with fewer, BullMQ passes no signal. */
export type Processor = (job: Job, token: string | undefined, signal: AbortSignal | undefined) => Promise<Json>;

type Setup<Deps, Input, Output extends Json, Name extends string> = {
  readonly engine: Engine;
  readonly definition: JobDefinition<Deps, Input, Output, Name>;
  readonly deps: Deps;
};

/** Binds a job to what it works with: the one place that knows replay, and what an error means. */
export function createProcessor<Deps, Input, Output extends Json, Name extends string>(
  setup: Setup<Deps, Input, Output, Name>,
): Processor {
  return (job, token, signal) =>
    inAttempt(setup.engine, job, token ?? '', () =>
      job.finishedOn === undefined
        ? runAttempt(setup, { job, token: token ?? '', signal })
        : repeatEnd<Output>(setup.engine, job),
    );
}

/**
 * A Redis that failed over, or a job that was lost while it was delivered twice, brings back what has ended. Its end stands: the
 * secrets and checkpoints are gone, so that running it again would fail, and clear away what it has made.
 */
async function repeatEnd<Output extends Json>({ logger }: Pick<Engine, 'logger'>, job: Job): Promise<Output> {
  logger.warn('a job that has ended was delivered once more');
  if (!(await job.isFailed())) return job.returnvalue as Output;
  const error = new UnrecoverableError(job.failedReason);
  error.stack = job.stacktrace?.at(-1) ?? '';
  throw error;
}

async function runAttempt<Deps, Input, Output extends Json, Name extends string>(
  setup: Setup<Deps, Input, Output, Name>,
  source: { job: Job; token: string; signal: AbortSignal | undefined },
): Promise<Output> {
  const { engine, definition } = setup;
  const attempt = beginAttempt(engine, definition, source);
  const progressOf: { runner?: StepRunner } = {};
  const startedAt = engine.now();
  let ended: Pick<Ending, 'outcome' | 'code'> = { outcome: 'completed' };
  engine.metrics.jobStarted(definition.name);
  try {
    const output = await work(setup, attempt, progressOf);
    await attempt.flush();
    return output;
  } catch (error) {
    const step = progressOf.runner?.current();
    const ending = await concludeAttempt(engine, attempt, error, { step, onTerminalFailure: cleaning(setup, source.job) });
    ended = ending;
    throw ending.error;
  } finally {
    attempt.end();
    engine.metrics.jobEnded(definition.name, ended.outcome);
    noteOutcome(ended.outcome, ended.code);
    engine.logger.info(
      { outcome: ended.outcome, ms: engine.now() - startedAt, attempt: source.job.attemptsMade + 1 },
      'an attempt ended',
    );
  }
}

async function work<Deps, Input, Output extends Json, Name extends string>(
  { engine, definition, deps }: Setup<Deps, Input, Output, Name>,
  attempt: Attempt,
  progressOf: { runner?: StepRunner },
): Promise<Output> {
  const { job, jobId, store, log, progress, signal, heartbeat } = attempt;
  const state = await startingState(attempt);
  await linkAttempts(store, state);
  await heartbeat.beat();
  heartbeat.start();
  signal.throwIfAborted();
  if ((job.stalledCounter ?? 0) > engine.settings.maxStalls) throw new AppError('job.stalled');
  const input = parseInput(definition, job.data);
  const { metrics, now, logger } = engine;
  const runner = createStepRunner({
    ...{ job: definition.name, jobId, steps: definition.steps, state, store, log, progress, logger, metrics, signal, now },
  });
  progressOf.runner = runner;
  const running = definition.run({ input, jobId, deps, step: runner.step as RunStep<Name>, signal });
  return await orAbandon(running, signal, engine.settings.abortGraceMs);
}

/**
 * What was finished before. A job that had failed for good starts afresh, unless the worker died while it cleaned up:
 * then BullMQ has counted a stall but no attempt.
 */
async function startingState({ job, store }: Attempt): Promise<JobState> {
  const state = await store.load();
  if (state.terminal === undefined) return state;
  const { attemptsMade, stalls, failure } = state.terminal;
  if (attemptsMade === job.attemptsMade && (job.stalledCounter ?? 0) > stalls) throw new TerminalResumption(failure);
  await store.clear();
  return { ...state, finished: new Map(), terminal: undefined };
}

function parseInput<Input>(definition: Pick<JobDefinition<never, Input, never, never>, 'input'>, data: unknown): Input {
  const parsed = definition.input.safeParse(data);
  if (parsed.success) return parsed.data;
  const reason = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`).join('; ');
  throw new AppError('job.invalid_payload', { reason });
}

function cleaning<Deps, Input, Output extends Json, Name extends string>(
  { definition, deps }: Setup<Deps, Input, Output, Name>,
  job: Job,
): ((failure: JobFailure) => Promise<void>) | undefined {
  const input = definition.input.safeParse(job.data);
  const { onTerminalFailure } = definition;
  if (onTerminalFailure === undefined || !input.success) return undefined;
  return ({ code, message }) => onTerminalFailure({ input: input.data, jobId: job.id ?? '', deps, error: { code, message } });
}

/** Waits for the work; once the signal is aborted only for `graceMs` more, since a step may hang and hold its slot for ever. */
function orAbandon<T>(running: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const giveUp = (): void => {
      timer = setTimeout(() => reject(signal.reason), graceMs);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    running.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    });
  });
}
