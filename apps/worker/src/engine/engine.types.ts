import type { JobProgress } from '@wcr/shared/contracts/jobs';
import type { z } from 'zod';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What a step's body gets. */
export type StepContext = {
  /** Stable over attempts and workers: names remote objects. `<jobId>:<step>` */
  readonly key: string;
  /** Aborts on lock loss, cancellation and when the worker must release its jobs. */
  readonly signal: AbortSignal;
  /** One line for the people who read the job's log. */
  log(message: string): void;
  /** Says how far the step is; writes are throttled by the engine. */
  report(progress: Pick<JobProgress, 'done' | 'total' | 'bytes' | 'totalBytes' | 'message'>): void;
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
  run(context: { input: Input; jobId: string; deps: Deps; step: RunStep<Name>; signal: AbortSignal }): Promise<Output>;
  /** Runs once when the job has failed for good or was cancelled: leave nothing behind. Must be idempotent. */
  onTerminalFailure?(context: {
    input: Input;
    jobId: string;
    deps: Deps;
    error: { code: string; message: string };
  }): Promise<void>;
};
