import { CloneStatus } from '@wcr/shared/contracts/clone-record';
import { CLONE_AGES, type SweepFigures } from '@wcr/shared/contracts/sweep-figures';
import type { Redis } from 'ioredis';
import { Gauge, Histogram, Registry } from 'prom-client';
import { viaRedis } from '../queue/redis-client.ts';
import { type RedisFigures, readRedisFigures, STATES } from './redis-figures.ts';

export type RequestMeter = { observe(labels: { method: string; route: string; status: number }, ms: number): void };
export type Metrics = {
  readonly meter: RequestMeter;
  readonly registry: Registry;
  /** All figures as text. @throws AppError `queue.unavailable`: a scaler must see an error, never a zero. */
  render(): Promise<string>;
};

/** A client may send any method; a label takes only these. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const NO_SWEEP: SweepFigures = { at: 0, clones: [], overdue: 0, warmTargets: 0 };
const ALL_CLONES = CloneStatus.options.flatMap((status) => CLONE_AGES.map((age) => ({ status, age })));

/**
 * The API's registry, described in docs/metrics.md: request durations, and what Redis knows at the moment of the scrape.
 * Figures of the process are added where it begins, once: they measure its event loop with a timer of their own.
 */
export function createMetrics({ redis, now }: { redis: Redis; now: () => number }): Metrics {
  const registry = new Registry();
  const durations = new Histogram({
    name: 'wcr_api_request_duration_seconds',
    help: 'Duration of API requests by route template.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const showQueues = createQueueGauges(registry);
  const showSweep = createSweepGauges(registry);
  return {
    registry,
    meter: {
      observe({ method, route, status }, ms) {
        durations.observe({ method: METHODS.has(method) ? method : 'other', route, status }, ms / 1000);
      },
    },
    async render() {
      const nowMs = now();
      const figures = await viaRedis(() => readRedisFigures(redis, nowMs));
      showQueues(figures.queues, nowMs);
      showSweep(figures.sweep);
      return registry.metrics();
    },
  };
}

function createQueueGauges(registry: Registry): (queues: RedisFigures['queues'], nowMs: number) => void {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const jobs = gauge('wcr_queue_jobs', 'Jobs in a queue by state.', 'queue', 'state');
  const demand = gauge(
    'wcr_queue_demand',
    'Worker slots a queue wants now: active, waiting and delayed jobs that are due; a paused queue wants no new ones.',
    'queue',
  );
  const oldest = gauge('wcr_queue_oldest_waiting_seconds', 'How long the job has waited that waits longest.', 'queue');
  const paused = gauge('wcr_queue_paused', '1 while workers take no job of the queue because somebody paused it.', 'queue');
  return (queues, nowMs) => {
    for (const [queue, figures] of queues) {
      for (const state of STATES) jobs.set({ queue, state }, figures[state]);
      demand.set({ queue }, figures.demand);
      oldest.set({ queue }, Math.max(0, nowMs - (figures.waitingSince ?? nowMs)) / 1000);
      paused.set({ queue }, Number(figures.isPaused));
    }
  };
}

/** Each replica of the API shows the same; which worker swept makes no difference. */
function createSweepGauges(registry: Registry): (figures: SweepFigures | undefined) => void {
  const registers = [registry];
  const clones = new Gauge({
    name: 'wcr_clones',
    help: 'Clones by status, and by the age they have not reached yet, at the last sweep.',
    labelNames: ['status', 'age'],
    registers,
  });
  const overdue = new Gauge({
    name: 'wcr_clones_overdue',
    help: 'Clones that existed at the last sweep although their time was up.',
    registers,
  });
  const warm = new Gauge({
    name: 'wcr_warm_targets',
    help: 'Targets made ahead that were ready at the last sweep.',
    registers,
  });
  const last = new Gauge({
    name: 'wcr_last_sweep_timestamp_seconds',
    help: 'When a sweep ended last, in seconds since the epoch; 0 when none ever did.',
    registers,
  });
  return (figures = NO_SWEEP) => {
    for (const { status, age } of ALL_CLONES) clones.set({ status, age }, 0);
    for (const { status, age, count } of figures.clones) clones.set({ status, age }, count);
    overdue.set(figures.overdue);
    warm.set(figures.warmTargets);
    last.set(figures.at / 1000);
  };
}
