import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { CheckpointStore } from './checkpoint-store.ts';
import { JobInterruption } from './interruptions.ts';

export type Heartbeat = {
  /** Looks once, now. */
  beat(): Promise<void>;
  start(): void;
  stop(): void;
};

export type HeartbeatOptions = {
  readonly store: Pick<CheckpointStore, 'beat'>;
  readonly everyMs: number;
  readonly silenceMs: number;
  readonly budgetMs: number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** Called with the Error that ends the attempt. */
  readonly abort: (reason: Error) => void;
  readonly onError: (error: unknown) => void;
};

/**
 * Watches over a running job: is it cancelled, is its time spent, is its lock still ours? Running time is summed in
 * Redis, so that the budget spans attempts and workers but not the waiting between them.
 */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { store, everyMs, silenceMs, budgetMs, monotonic, abort, onError } = options;
  let timer: NodeJS.Timeout | undefined;
  let watchdog: NodeJS.Timeout | undefined;
  let lastBeat = monotonic();
  let stopped = false;

  const beat = async (): Promise<void> => {
    const at = monotonic();
    const { cancelled, ranMs } = await store.beat(at - lastBeat);
    lastBeat = at;
    if (cancelled) abort(new AppError('job.cancelled'));
    else if (ranMs > budgetMs) abort(new AppError('job.time_exceeded', { minutes: Math.ceil(budgetMs / 60_000) }));
  };
  const guarded = async (): Promise<void> => {
    try {
      await beat();
    } catch (error) {
      if (isAppError(error) && error.code === 'job.lock_lost') abort(new JobInterruption('lock-lost'));
      else onError(error);
    }
    if (!stopped) timer = setTimeout(() => void guarded(), everyMs);
  };
  return {
    beat,
    start() {
      timer = setTimeout(() => void guarded(), everyMs);
      // A beat can hang with Redis: silence alone must end the attempt, since the lock runs out meanwhile.
      watchdog = setInterval(() => {
        if (monotonic() - lastBeat > silenceMs) abort(new JobInterruption('lock-lost'));
      }, everyMs);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      clearInterval(watchdog);
    },
  };
}
