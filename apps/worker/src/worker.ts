import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueName } from '@wcr/shared/contracts/queues';
import { isErrorCode } from '@wcr/shared/errors/app-error';
import type { ErrorCode } from '@wcr/shared/errors/catalogue';
import { type Job, MetricsTime, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { ABORT_REASONS } from './engine/attempt.ts';
import { type BackoffOptions, backoffMs } from './engine/backoff.ts';
import { forgetCheckpoints } from './engine/checkpoint-store.ts';
import type { Processor } from './engine/run-job.ts';
import { parseFailure } from './queue/clone-jobs.ts';
import { workerRedisOptions } from './queue/redis-connection.ts';
import type { WorkerMetrics } from './telemetry/metrics.ts';

/** Locks that pass without a renewal before a worker with jobs counts as stuck. */
const SILENT_LOCKS = 6;
const PATIENCE = 120;

/** One queue and the job it carries. */
export type QueueBinding = {
  readonly queue: QueueName;
  readonly processor: Processor;
  readonly concurrency: number;
  /** Called for a job that BullMQ failed without running it (lost by its workers too often). */
  readonly onLost?: (job: Job) => Promise<void>;
  /** Called when a job has ended, one way or the other; not if the worker dies at that moment. */
  readonly onEnded?: (job: Job) => Promise<void>;
};

export type WorkerDeps = {
  readonly bindings: readonly QueueBinding[];
  readonly redisUrl: string;
  readonly redis: Redis;
  readonly prefix: string;
  readonly logger: Logger;
  readonly metrics: WorkerMetrics;
  readonly settings: WorkerSettings;
  /** Told how many jobs run here, each time one begins or ends. */
  readonly onRunning?: (running: number) => void;
};

export type WorkerSettings = {
  /** Shown in BullMQ's lists. */
  readonly name: string;
  readonly lockMs: number;
  readonly stalledEveryMs: number;
  /** How often BullMQ lets a job be lost; more than the engine's own limit, which cleans up. */
  readonly maxStalledCount: number;
  readonly firstBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How long jobs may go on when the worker stops, and how long their release may take after that. */
  readonly drainMs: number;
  readonly releaseMs: number;
  /** Seconds BullMQ blocks while there is nothing to do. */
  readonly idleSeconds?: number;
};

export type RunningWorker = {
  /** False when jobs run here but their locks are no longer renewed although Redis answers: only a restart helps. */
  isAlive(): boolean;
  /**
   * Takes no more jobs, lets the running ones go on for `drainMs`, then has them released.
   * @returns false when some didn't end in time: the process must exit, and the stalled check finds them.
   */
  close(): Promise<boolean>;
};

/** Starts one BullMQ worker per queue. The only file that names BullMQ's Worker. */
export function createWorker(deps: WorkerDeps): RunningWorker {
  const vital = { running: 0, at: performance.now() };
  const workers = deps.bindings.map((binding) => startWorker(deps, binding, vital));
  const silentMs = SILENT_LOCKS * deps.settings.lockMs;
  return {
    isAlive: () => vital.running === 0 || deps.redis.status !== 'ready' || performance.now() - vital.at < silentMs,
    close: () => closeAll(workers, deps),
  };
}

/** How many jobs run, and when a lock was renewed last. */
type Vital = { running: number; at: number };

/** Keeps three parameters: with fewer, BullMQ passes no signal. */
function counted(processor: Processor, vital: Vital, onRunning: (running: number) => void = () => undefined): Processor {
  return async (job, token, signal) => {
    vital.running += 1;
    vital.at = performance.now();
    onRunning(vital.running);
    try {
      return await processor(job, token, signal);
    } finally {
      vital.running -= 1;
      onRunning(vital.running);
    }
  };
}

function startWorker(deps: WorkerDeps, binding: QueueBinding, vital: Vital): Worker {
  const { prefix, redisUrl, settings } = deps;
  const { firstBackoffMs: firstMs, maxBackoffMs: maxMs } = settings;
  const worker = new Worker(binding.queue, counted(binding.processor, vital, deps.onRunning), {
    prefix,
    connection: workerRedisOptions(redisUrl),
    name: settings.name,
    concurrency: binding.concurrency,
    lockDuration: settings.lockMs,
    stalledInterval: settings.stalledEveryMs,
    maxStalledCount: settings.maxStalledCount,
    ...(settings.idleSeconds !== undefined && { drainDelay: settings.idleSeconds }),
    metrics: { maxDataPoints: MetricsTime.ONE_WEEK },
    settings: { backoffStrategy: (attemptsMade, type) => backoffMs(attemptsMade, scaled({ firstMs, maxMs }, type)) },
  });
  watch(worker, deps, binding);
  worker.on('locksRenewed', () => {
    vital.at = performance.now();
  });
  return worker;
}

/** What is called `patient` waits for somebody else's machine: up to hours, where others wait for minutes. */
function scaled({ firstMs, maxMs }: BackoffOptions, type: string | undefined): BackoffOptions {
  return type === 'patient' ? { firstMs: 2 * firstMs, maxMs: PATIENCE * maxMs } : { firstMs, maxMs };
}

function watch(worker: Worker, deps: WorkerDeps, binding: QueueBinding): void {
  const { redis, metrics } = deps;
  const { queue } = binding;
  const logger = deps.logger.child({ queue });
  const attend = (task: Promise<unknown>): void => {
    task.catch((error: unknown) => logger.error({ err: error }, 'tidying up after a job failed'));
  };
  worker.on('error', (error) => logger.error({ err: error }, 'worker'));
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, ABORT_REASONS.lockLost);
  });
  worker.on('stalled', () => metrics.stalled(queue));
  worker.on('completed', (job) => {
    metrics.jobOver({ queue, attempts: job.attemptsMade });
    if (job.id !== undefined) attend(forgetCheckpoints(redis, queue, job.id));
    attend(binding.onEnded?.(job) ?? Promise.resolve());
  });
  worker.on('failed', (job) => {
    // Only the last failure of a job has an end.
    if (job?.id === undefined || job.finishedOn === undefined) return;
    metrics.jobOver({ queue, attempts: job.attemptsMade, code: codeOf(job) });
    attend(forgetCheckpoints(redis, queue, job.id));
    const lost = job.deferredFailure === undefined ? undefined : binding.onLost?.(job);
    attend((lost ?? Promise.resolve()).then(() => binding.onEnded?.(job)));
  });
}

/** BullMQ's own reason, of a job that was lost too often, has no code. */
function codeOf({ failedReason, deferredFailure }: Job): ErrorCode {
  if (deferredFailure !== undefined) return 'job.stalled';
  const code = parseFailure(failedReason)?.code;
  return isErrorCode(code) ? code : 'internal.unexpected';
}

/** First no new jobs, then the end of the running ones: the other way round, a worker takes what it has just released. */
async function closeAll(workers: readonly Worker[], { settings, logger }: WorkerDeps): Promise<boolean> {
  const closed = Promise.all(workers.map((worker) => worker.close())).then(() => true);
  const release = setTimeout(() => {
    for (const worker of workers) worker.cancelAllJobs(ABORT_REASONS.shutdown);
  }, settings.drainMs);
  const bound = new AbortController();
  try {
    const tooLate = sleep(settings.drainMs + settings.releaseMs, false, { signal: bound.signal }).catch(() => false);
    const inTime = await Promise.race([closed, tooLate]);
    if (!inTime) logger.error('jobs did not end in time; another worker takes them over');
    return inTime;
  } finally {
    clearTimeout(release);
    bound.abort();
  }
}
