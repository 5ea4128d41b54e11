import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EngineMetrics } from '../engine/engine.types.ts';

export type WorkerMetrics = EngineMetrics & {
  readonly registry: Registry;
  stalled(queue: string): void;
  /** Shows what the last sweep of this worker found. */
  warmTargets(ready: number): void;
};

const STEP_BUCKETS = [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600];

/** The worker's own figures; how long the queues are is the API's to tell. */
export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const ended = new Counter({
    name: 'wcr_jobs_ended_total',
    help: 'Attempts of jobs by how they ended.',
    labelNames: ['queue', 'outcome'],
    registers,
  });
  const active = new Gauge({
    name: 'wcr_jobs_active',
    help: 'Jobs this worker runs now.',
    labelNames: ['queue'],
    registers,
  });
  const steps = new Histogram({
    name: 'wcr_step_duration_seconds',
    help: 'Time steps took.',
    labelNames: ['job', 'step', 'outcome'],
    buckets: STEP_BUCKETS,
    registers,
  });
  const stalled = new Counter({
    name: 'wcr_jobs_stalled_total',
    help: 'Jobs this worker found abandoned by another.',
    labelNames: ['queue'],
    registers,
  });
  const lost = new Counter({
    name: 'wcr_locks_lost_total',
    help: 'Jobs this worker ran and no longer owned.',
    labelNames: ['queue'],
    registers,
  });
  const warm = new Gauge({
    name: 'wcr_warm_targets',
    help: 'Targets made ahead that were ready when this worker swept last.',
    registers,
  });
  return {
    registry,
    stepEnded: ({ job, step, outcome, seconds }) => steps.observe({ job, step, outcome }, seconds),
    jobStarted: (queue) => active.inc({ queue }),
    jobEnded(queue, outcome) {
      active.dec({ queue });
      ended.inc({ queue, outcome });
    },
    lockLost: (queue) => lost.inc({ queue }),
    stalled: (queue) => stalled.inc({ queue }),
    warmTargets: (ready) => warm.set(ready),
  };
}
