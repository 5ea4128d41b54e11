import { AppError } from '@wcr/shared/errors/app-error';
import { inSpan } from '@wcr/shared/telemetry/spans';
import type { Logger } from 'pino';
import { inStepScope } from '../telemetry/job-scope.ts';
import type { CheckpointStore, JobState } from './checkpoint-store.ts';
import type { EngineMetrics, Json, RunStep, StepContext, StepRecord } from './engine.types.ts';
import type { ProgressWriter } from './progress-writer.ts';
import type { StepLog } from './step-log.ts';

export type StepRunner = {
  readonly step: RunStep<string>;
  /** The step that runs, or ran last. */
  current(): string | undefined;
};

export type StepRunnerOptions = {
  readonly job: string;
  readonly jobId: string;
  readonly steps: readonly string[];
  readonly state: JobState;
  readonly store: CheckpointStore;
  readonly log: StepLog;
  readonly progress: ProgressWriter;
  readonly logger: Pick<Logger, 'debug'>;
  readonly metrics: Pick<EngineMetrics, 'stepEnded'>;
  readonly signal: AbortSignal;
  readonly now: () => number;
};

/** Runs steps in their declared order; what is already finished answers from its checkpoint. */
export function createStepRunner(options: StepRunnerOptions): StepRunner {
  const { steps, state, signal, progress } = options;
  let last = -1;
  let running: string | undefined;
  const enter = (name: string): void => {
    const index = steps.indexOf(name);
    if (index < 0) throw misuse(`the step ${name} is not declared`);
    if (running !== undefined) throw misuse(`the step ${name} began while ${running} ran`);
    if (index <= last) throw misuse(`the step ${name} was called twice or out of order`);
    last = index;
    running = name;
  };
  return {
    current: () => steps[last],
    async step(name, body) {
      enter(name);
      try {
        const saved = state.finished.get(name);
        if (saved !== undefined) return saved.output as Awaited<ReturnType<typeof body>>;
        signal.throwIfAborted();
        progress.enter(name, last + 1);
        const run = () => inSpan(`step ${name}`, { attributes: { 'wcr.step': name } }, () => runStep(options, name, body));
        return (await inStepScope(name, run)) as Awaited<ReturnType<typeof body>>;
      } finally {
        running = undefined;
      }
    },
  };
}

async function runStep(options: StepRunnerOptions, name: string, body: (context: StepContext) => Promise<Json>): Promise<Json> {
  const { job, store, log, logger, metrics, signal, now } = options;
  const attempts = await store.countStart(name);
  const startedAt = now();
  const seconds = () => (now() - startedAt) / 1000;
  // Whoever was told of a cancellation until now has been told in time.
  signal.throwIfAborted();
  log.add(name, attempts === 1 ? 'started' : `started again (${attempts})`);
  try {
    const output = asJson(await body(contextOf(options, name)));
    const endedAt = now();
    const record: StepRecord = { output, startedAt, endedAt, attempts, durationMs: endedAt - startedAt };
    await store.finish(name, record);
    log.add(name, `finished in ${seconds().toFixed(1)} s`);
    metrics.stepEnded({ job, step: name, outcome: 'completed', seconds: seconds() });
    logger.debug({ ms: endedAt - startedAt, starts: attempts }, 'a step is finished');
    return output;
  } catch (error) {
    metrics.stepEnded({ job, step: name, outcome: signal.aborted ? 'interrupted' : 'failed', seconds: seconds() });
    throw error;
  }
}

function contextOf({ jobId, store, log, progress, signal }: StepRunnerOptions, name: string): StepContext {
  return {
    key: `${jobId}:${name}`,
    signal,
    log: (message) => log.add(name, message),
    report: (state) => progress.report(state),
    scratch: { read: () => store.readScratch(name), write: (value) => store.writeScratch(name, value) },
  };
}

/** The output as a replay would give it, so that the first run and a replay can't differ. */
function asJson(output: Json | undefined): Json {
  return output === undefined ? null : (JSON.parse(JSON.stringify(output)) as Json);
}

function misuse(reason: string): AppError {
  return new AppError('job.definition_invalid', { reason });
}
