import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type CheckpointStore, createCheckpointStore } from './checkpoint-store.ts';
import type { EngineMetrics, EngineSettings } from './engine.types.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { JobInterruption } from './interruptions.ts';
import { createProgressWriter, type ProgressWriter } from './progress-writer.ts';
import { createStepLog, type StepLog } from './step-log.ts';

/** What the engine is given once. */
export type Engine = {
  readonly redis: Redis;
  /** Prefix of BullMQ's keys. */
  readonly prefix: string;
  readonly logger: Logger;
  /** Cuts known secrets out of a text. */
  readonly redact: (text: string) => string;
  /** Told when the secrets an attempt has opened need not be known any more. */
  readonly forgetSecrets: (attempt: string) => void;
  readonly metrics: EngineMetrics;
  readonly settings: EngineSettings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
};

/** One try of one job by this worker, with everything that watches and records it. */
export type Attempt = {
  readonly job: Job;
  readonly jobId: string;
  readonly token: string;
  readonly store: CheckpointStore;
  readonly log: StepLog;
  readonly progress: ProgressWriter;
  readonly heartbeat: Heartbeat;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Resolves when log and progress are written. */
  flush(): Promise<void>;
  end(): void;
};

/** Why BullMQ aborts; `worker.cancelJob` takes only a bare string. */
export const ABORT_REASONS = { shutdown: 'shutdown', lockLost: 'lock-lost', cancel: 'cancel' } as const;

export function beginAttempt(
  engine: Engine,
  { steps, pointOfNoReturn }: { readonly steps: readonly string[]; readonly pointOfNoReturn?: string },
  source: { job: Job; token: string; signal: AbortSignal | undefined },
): Attempt {
  const { redis, prefix, redact, settings, now, monotonic, logger } = engine;
  const { job, token } = source;
  const jobId = job.id ?? '';
  const store = createCheckpointStore({
    redis,
    prefix,
    queue: job.queueName,
    jobId,
    token,
    ttlMs: settings.checkpointTtlMs,
    pointOfNoReturn,
  });
  const controller = new AbortController();
  const abort = (reason: Error): void => controller.abort(reason);
  const onError = (error: unknown): void => {
    if (isAppError(error) && error.code === 'job.lock_lost') abort(new JobInterruption('lock-lost'));
    else logger.warn({ err: error }, 'a note of the job could not be written');
  };
  const log = createStepLog({ store, keep: job.opts.keepLogs ?? settings.keepLogs, redact, now, onError });
  const progress = createProgressWriter({
    store,
    stepCount: steps.length,
    everyMs: settings.progressEveryMs,
    redact,
    now,
    onError,
  });
  const { heartbeatMs: everyMs, silenceMs, budgetMs } = settings;
  const heartbeat = createHeartbeat({ store, everyMs, silenceMs, budgetMs, monotonic, abort, onError });
  const passOn = (): void => abort(reasonOf(source.signal?.reason));
  if (source.signal?.aborted) passOn();
  source.signal?.addEventListener('abort', passOn, { once: true });
  return {
    ...{ job, jobId, token, store, log, progress, heartbeat, logger, signal: controller.signal },
    async flush() {
      await progress.flush();
      await log.flush();
    },
    end() {
      heartbeat.stop();
      source.signal?.removeEventListener('abort', passOn);
    },
  };
}

function reasonOf(reason: unknown): Error {
  if (reason === ABORT_REASONS.cancel) return new AppError('job.cancelled');
  return new JobInterruption(reason === ABORT_REASONS.lockLost ? 'lock-lost' : 'released');
}
