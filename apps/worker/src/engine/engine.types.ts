import type { JobProgress } from '@wcr/shared/contracts/jobs';
import type { z } from 'zod';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** How far a step is. */
export type StepProgress = Pick<JobProgress, 'done' | 'total' | 'bytes' | 'totalBytes' | 'message'>;

/** What a step's body gets. */
export type StepContext = {
  /** Stable over attempts and workers: names remote objects. `<jobId>:<step>` */
  readonly key: string;
  /** Aborts on lock loss, cancellation, spent time and when the worker must release its jobs; the reason is an Error. */
  readonly signal: AbortSignal;
  /** One line for the people who read the job's log; known secrets are cut out. */
  log(message: string): void;
  /** Says how far the step is; writes are throttled by the engine. */
  report(progress: StepProgress): void;
  /** Small JSON a long step wants back after a crash (a cursor, never data); fenced like checkpoints. */
  readonly scratch: { read(): Promise<Json | undefined>; write(value: Json): Promise<void> };
};

export type RunStep<Name extends string> = <Output extends Json>(
  name: Name,
  body: (context: StepContext) => Promise<Output>,
) => Promise<Output>;

/** A job from top to bottom: named steps in a declared order, each finished step replayed from its checkpoint. */
export type JobDefinition<Deps, Input, Output extends Json, Name extends string> = {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly steps: readonly Name[];
  /** Once this step has begun the job is not cancelled any more, by whatever worker: it goes on to its end. */
  readonly pointOfNoReturn?: Name;
  run(context: { input: Input; jobId: string; deps: Deps; step: RunStep<Name>; signal: AbortSignal }): Promise<Output>;
  /** Runs when the job has failed for good or was cancelled: leave nothing behind. Must be idempotent. */
  onTerminalFailure?(context: {
    input: Input;
    jobId: string;
    deps: Deps;
    error: { code: string; message: string };
  }): Promise<void>;
};

/** What is remembered of a finished step. Times in milliseconds since the epoch. */
export type StepRecord = {
  readonly output: Json;
  readonly startedAt: number;
  readonly endedAt: number;
  /** How often the step was begun, over all attempts and workers. */
  readonly attempts: number;
  readonly durationMs: number;
};

export type StepOutcome = 'completed' | 'failed' | 'interrupted';
export type JobOutcome = 'completed' | 'retried' | 'failed' | 'cancelled' | 'released' | 'postponed' | 'lock-lost';

/** Where the engine counts what happens. */
export type EngineMetrics = {
  stepEnded(step: { job: string; step: string; outcome: StepOutcome; seconds: number }): void;
  jobStarted(job: string): void;
  jobEnded(job: string, outcome: JobOutcome): void;
  lockLost(job: string): void;
};

export type EngineSettings = {
  /** Milliseconds between looks at the cancel flag and the lock. */
  readonly heartbeatMs: number;
  /** Without a successful heartbeat for so long, somebody else may own the job by now. */
  readonly silenceMs: number;
  /** Least milliseconds between two writes of progress. */
  readonly progressEveryMs: number;
  /** Life of checkpoints after the last write. */
  readonly checkpointTtlMs: number;
  /** How long a step may ignore its aborted signal before it is left behind. */
  readonly abortGraceMs: number;
  /** Most running time of one job over all attempts, in milliseconds; waiting doesn't count. */
  readonly budgetMs: number;
  /** Most times a job may be lost by its workers before it fails for good. */
  readonly maxStalls: number;
  /** Lines of a job's log that are kept when the job itself doesn't say. */
  readonly keepLogs: number;
  /** Milliseconds between tries of `onTerminalFailure`. */
  readonly terminalRetryMs: number;
};
