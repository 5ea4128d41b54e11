import { QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import { CATALOGUE, type ErrorCode } from '@wcr/shared/errors/catalogue';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EngineMetrics, JobOutcome } from '../engine/engine.types.ts';

/** What is counted of a job after its last attempt. */
export type EndedJob = {
  readonly queue: QueueName;
  /** Attempts that failed, and the one that succeeded. */
  readonly attempts: number;
  /** Why it failed for good; absent when it didn't. */
  readonly code?: ErrorCode | undefined;
};

/** Where drivers count what they do; see measured-drivers.ts. */
export type DriverMetrics = {
  bytesMoved(cargo: { what: 'rows' | 'files'; direction: 'read' | 'written' }, bytes: number): void;
  replaced(count: number): void;
  browserFailed(code: ErrorCode): void;
};

export type WorkerMetrics = EngineMetrics &
  DriverMetrics & {
    readonly registry: Registry;
    stalled(queue: QueueName): void;
    jobOver(job: EndedJob): void;
    /** Tells, at each scrape, whether Redis is reached. */
    watchRedis(isConnected: () => boolean): void;
  };

const STEP_BUCKETS = [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600];
const OUTCOMES: readonly JobOutcome[] = ['completed', 'retried', 'failed', 'cancelled', 'released', 'postponed', 'lock-lost'];
/** What stands in the way of a browser in a wp-admin, and its own troubles. */
const BROWSER_CODES = (Object.keys(CATALOGUE) as ErrorCode[]).filter((code) => /^(source|browser)\./.test(code));

/**
 * The worker's own figures, described in docs/metrics.md; how long the queues are is the API's to tell.
 * Figures of the process are added where it begins, once: they measure its event loop with a timer of their own.
 * @param queues those this worker serves: their counters begin at 0, since Prometheus sees no increase in a first appearance
 */
export function createWorkerMetrics(queues: readonly QueueName[] = QUEUES): WorkerMetrics {
  const registry = new Registry();
  return { registry, ...createJobMetrics(registry, queues), ...createDriverMetrics(registry), ...createRedisGauge(registry) };
}

function createJobMetrics(registry: Registry, queues: readonly QueueName[]) {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const ended = counter('wcr_jobs_ended_total', 'Attempts of jobs by how they ended.', 'queue', 'outcome');
  const stalled = counter('wcr_jobs_stalled_total', 'Jobs this worker found abandoned by another.', 'queue');
  const lost = counter('wcr_locks_lost_total', 'Jobs this worker ran and no longer owned.', 'queue');
  const dead = counter('wcr_dead_letters_total', 'Jobs that failed for good and were not cancelled.', 'queue', 'code');
  const active = new Gauge({
    name: 'wcr_jobs_active',
    help: 'Jobs this worker runs now.',
    labelNames: ['queue'],
    registers: [registry],
  });
  const steps = new Histogram({
    name: 'wcr_step_duration_seconds',
    help: 'Time steps took.',
    labelNames: ['queue', 'step', 'outcome'],
    buckets: STEP_BUCKETS,
    registers: [registry],
  });
  const attempts = new Histogram({
    name: 'wcr_job_attempts',
    help: 'Attempts a job took until it was over.',
    labelNames: ['queue'],
    buckets: [1, 2, 3, 4, 6, 8],
    registers: [registry],
  });
  for (const queue of queues) {
    for (const outcome of OUTCOMES) ended.inc({ queue, outcome }, 0);
    for (const each of [stalled, lost, active]) each.inc({ queue }, 0);
    dead.inc({ queue, code: 'internal.unexpected' }, 0);
  }
  return {
    stepEnded: ({ job: queue, step, outcome, seconds }) => steps.observe({ queue, step, outcome }, seconds),
    jobStarted: (queue) => active.inc({ queue }),
    jobEnded(queue, outcome) {
      active.dec({ queue });
      ended.inc({ queue, outcome });
    },
    lockLost: (queue) => lost.inc({ queue }),
    stalled: (queue) => stalled.inc({ queue }),
    jobOver({ queue, attempts: made, code }) {
      attempts.observe({ queue }, made);
      if (code !== undefined && code !== 'job.cancelled') dead.inc({ queue, code });
    },
  } satisfies Partial<WorkerMetrics>;
}

function createDriverMetrics(registry: Registry): DriverMetrics {
  const registers = [registry];
  const moved = new Counter({
    name: 'wcr_bytes_moved_total',
    help: 'Bytes of rows and files that workers read from sites and wrote to them.',
    labelNames: ['what', 'direction'],
    registers,
  });
  const replacements = new Counter({
    name: 'wcr_rewriter_replacements_total',
    help: 'Addresses and paths that were replaced, also where sites are only compared.',
    registers,
  });
  const failures = new Counter({
    name: 'wcr_browser_failures_total',
    help: 'Visits to a wp-admin that did not lead to a paired plugin, by error code.',
    labelNames: ['code'],
    registers,
  });
  for (const what of ['rows', 'files']) for (const direction of ['read', 'written']) moved.inc({ what, direction }, 0);
  for (const code of BROWSER_CODES) failures.inc({ code }, 0);
  return {
    bytesMoved: (cargo, bytes) => moved.inc(cargo, bytes),
    replaced: (count) => replacements.inc(count),
    browserFailed: (code) => failures.inc({ code }),
  };
}

function createRedisGauge(registry: Registry): Pick<WorkerMetrics, 'watchRedis'> {
  let isConnected = (): boolean => false;
  new Gauge({
    name: 'wcr_worker_redis_connected',
    help: '1 while this worker reaches Redis.',
    registers: [registry],
    collect() {
      this.set(Number(isConnected()));
    },
  });
  return {
    watchRedis(watch) {
      isConnected = watch;
    },
  };
}
