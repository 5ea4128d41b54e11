import type { JobProgress } from '@wcr/shared/contracts/jobs';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { StepProgress } from './engine.types.ts';

export type ProgressWriter = {
  /** Moves on to a step. */
  enter(step: string, stepNumber: number): void;
  report(progress: StepProgress): void;
  /** Resolves when the newest state is written (or refused). */
  flush(): Promise<void>;
};

export type ProgressOptions = {
  readonly store: Pick<CheckpointStore, 'writeProgress'>;
  readonly stepCount: number;
  readonly everyMs: number;
  readonly redact: (text: string) => string;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
};

/** Writes a job's progress, at most once in `everyMs`; the newest state is always written in the end. */
export function createProgressWriter(options: ProgressOptions): ProgressWriter {
  const { store, stepCount, everyMs, redact, now, onError } = options;
  let place = { step: '', stepNumber: 0 };
  let pending: JobProgress | undefined;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writtenAt = Number.NEGATIVE_INFINITY;

  const write = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const progress = pending;
    pending = undefined;
    if (progress === undefined) return;
    writtenAt = now();
    await store.writeProgress(progress).catch(onError);
  };
  const start = (): void => {
    writing = (writing ?? Promise.resolve()).then(write);
  };
  const set = (progress: StepProgress): void => {
    const { message } = progress;
    pending = { ...place, stepCount, ...progress, ...(message !== undefined && { message: redact(message) }), at: now() };
    const waitMs = writtenAt + everyMs - now();
    if (waitMs <= 0) start();
    else timer ??= setTimeout(start, waitMs);
  };
  return {
    enter(step, stepNumber) {
      place = { step, stepNumber };
      set({});
    },
    report: set,
    async flush() {
      start();
      await writing;
    },
  };
}
