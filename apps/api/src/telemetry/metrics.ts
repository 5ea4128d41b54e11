import { QUEUES } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Queues } from '../queue/queues.ts';
import { viaRedis } from '../queue/redis-client.ts';

export type RequestMeter = { observe(labels: { method: string; route: string; status: number }, ms: number): void };
export type Metrics = {
  readonly meter: RequestMeter;
  readonly contentType: string;
  /** All figures as text. @throws AppError `queue.unavailable`: a scaler must see an error, never a zero. */
  render(): Promise<string>;
};

/** Delayed jobs that fall due within this time count as demand: without a worker nobody would ever promote them. */
const DUE_SOON_MS = 30_000;
/** BullMQ's score of a delayed job is its time in milliseconds times this, plus a sequence number. */
const DELAYED_SCORE_FACTOR = 0x1000;
const STATES = ['waiting', 'prioritized', 'active', 'delayed', 'failed', 'completed'] as const;

/** The API's registry: request durations, and the queues as they are at the moment of the scrape. */
export function createMetrics(deps: { queues: Queues; redis: Redis; now: () => number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'wcr_api_' });
  const durations = new Histogram({
    name: 'wcr_api_request_duration_seconds',
    help: 'Duration of API requests by route template.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const jobs = new Gauge({
    name: 'wcr_queue_jobs',
    help: 'Jobs in a queue by state.',
    labelNames: ['queue', 'state'],
    registers: [registry],
  });
  const demand = new Gauge({
    name: 'wcr_queue_demand',
    help: 'Worker slots a queue wants now: active, waiting and delayed jobs that are due; a paused queue wants no new ones.',
    labelNames: ['queue'],
    registers: [registry],
  });

  async function readQueues(): Promise<void> {
    await Promise.all(
      QUEUES.map(async (queue) => {
        const counts = await readQueueCounts(deps, queue);
        for (const state of STATES) jobs.set({ queue, state }, counts[state]);
        demand.set({ queue }, counts.active + (counts.paused ? 0 : counts.waiting + counts.prioritized + counts.due));
      }),
    );
  }

  return {
    meter: {
      observe({ method, route, status }, ms) {
        durations.observe({ method, route, status }, ms / 1000);
      },
    },
    contentType: registry.contentType,
    async render() {
      await viaRedis(readQueues);
      return registry.metrics();
    },
  };
}

type QueueCounts = Record<(typeof STATES)[number], number> & { paused: boolean; due: number };

async function readQueueCounts(
  deps: { queues: Queues; redis: Redis; now: () => number },
  name: keyof Queues,
): Promise<QueueCounts> {
  const queue = deps.queues[name];
  const dueScore = (deps.now() + DUE_SOON_MS) * DELAYED_SCORE_FACTOR;
  const [counts, paused, due] = await Promise.all([
    queue.getJobCounts(...STATES),
    queue.isPaused(),
    deps.redis.zcount(queue.toKey('delayed'), 0, dueScore),
  ]);
  const of = (state: (typeof STATES)[number]) => counts[state] ?? 0;
  return {
    waiting: of('waiting'),
    prioritized: of('prioritized'),
    active: of('active'),
    delayed: of('delayed'),
    failed: of('failed'),
    completed: of('completed'),
    paused,
    due,
  };
}
