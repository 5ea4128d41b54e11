import type { Redis } from 'ioredis';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { viaRedis } from '../queue/redis-client.ts';
import { countQueues, STATES } from './queue-counts.ts';

export type RequestMeter = { observe(labels: { method: string; route: string; status: number }, ms: number): void };
export type Metrics = {
  readonly meter: RequestMeter;
  readonly contentType: string;
  /** All figures as text. @throws AppError `queue.unavailable`: a scaler must see an error, never a zero. */
  render(): Promise<string>;
};

/** The API's registry: request durations, and the queues as they are at the moment of the scrape. */
export function createMetrics({ redis, now }: { redis: Redis; now: () => number }): Metrics {
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
    for (const [queue, counts] of await countQueues(redis, now())) {
      for (const state of STATES) jobs.set({ queue, state }, counts[state]);
      demand.set({ queue }, counts.demand);
    }
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
