import { useRedis } from '@wcr/stack/testing/services';
import { type Job, type JobsOptions, Queue } from 'bullmq';
import { afterEach, beforeEach } from 'vitest';
import { z } from 'zod';
import { createTestEngine, TEST_PREFIX, type TestEngine } from '../../testing/test-engine.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import type { RunningWorker } from '../../worker.ts';
import { defineJob } from '../define-job.ts';
import type { EngineSettings, JobDefinition, Json, RunStep, StepContext } from '../engine.types.ts';
import { createProcessor } from '../run-job.ts';
import { type CountingDeps, type CountingInput, countingJob, countingKeys } from './counting-job.ts';

export type Run = (step: RunStep<'one' | 'two'>, signal: AbortSignal) => Promise<Json>;

/** A job of two steps with nothing to say to it. */
export const jobOf = (run: Run) =>
  defineJob<unknown>()({
    name: 'clone',
    input: z.object({}),
    steps: ['one', 'two'],
    run: ({ step, signal }) => run(step, signal),
  });

/** A job of one step. */
export const onceOf = (body: (context: StepContext) => Promise<Json>) => jobOf((step) => step('one', body));

/** An engine, a queue and workers, all new for each test of a file. */
export class JobBench {
  engine!: TestEngine;
  queue!: Queue;
  readonly #workers: RunningWorker[] = [];
  #added = 0;

  constructor() {
    beforeEach(() => this.open());
    afterEach(async () => {
      await Promise.all(this.#workers.splice(0).map((worker) => worker.close()));
      await this.queue.close();
      this.engine.redis.disconnect();
    });
  }

  /** Once more, with other settings; what was open is not closed. */
  async open(patch: Partial<EngineSettings> = {}): Promise<void> {
    this.engine = createTestEngine((await useRedis()).url, patch);
    this.queue = new Queue('clone', { prefix: TEST_PREFIX, connection: this.engine.redis });
  }

  /** Starts a worker for jobs of one kind. */
  work = <Input, Output extends Json, Name extends string>(
    definition: JobDefinition<CountingDeps, Input, Output, Name>,
  ): void => {
    const processor = createProcessor({ engine: this.engine, definition, deps: { redis: this.engine.redis } });
    this.#workers.push(this.engine.start([{ queue: 'clone', processor, concurrency: 1 }]));
  };

  workCounting = (): void => this.work(countingJob);

  add = (input: CountingInput | object = {}, options: JobsOptions = {}): Promise<Job> => {
    this.#added += 1;
    const jobId = `clone-${this.#added}`;
    return this.queue.add('clone', input, { jobId, attempts: 3, backoff: { type: 'capped' }, ...options });
  };

  /** A job as it is now. */
  read = async (job: Job): Promise<Job> => (await this.queue.getJob(job.id ?? '')) ?? job;
  ended = (job: Job): Promise<Job> =>
    waitUntil(async () => ((await this.read(job)).finishedOn === undefined ? undefined : this.read(job)), 'the end of the job');
  failureOf = async (job: Job) => JSON.parse((await this.ended(job)).failedReason ?? '{}');
  /** How often each step and the clean-up had their effect. */
  effects = (job: Job): Promise<Record<string, string>> => this.engine.redis.hgetall(countingKeys.effects(job.id ?? ''));
  hung = (job: Job): Promise<string> => waitUntil(() => this.engine.redis.get(countingKeys.hung(job.id ?? '')), 'the hanging');
  logOf = async (job: Job): Promise<string[]> => (await this.queue.getJobLogs(job.id ?? '')).logs;
}
