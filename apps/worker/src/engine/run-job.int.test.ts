import { setTimeout as sleep } from 'node:timers/promises';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import { useRedis } from '@wcr/stack/testing/services';
import { type Job, type JobsOptions, Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createTestEngine, TEST_PREFIX, type TestEngine } from '../testing/test-engine.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { RunningWorker } from '../worker.ts';
import { defineJob } from './define-job.ts';
import type { EngineSettings, JobDefinition, Json, RunStep, StepContext } from './engine.types.ts';
import { JobPostponement } from './interruptions.ts';
import { createProcessor } from './run-job.ts';
import { type CountingInput, countingJob, countingKeys } from './testing/counting-job.ts';

let engine: TestEngine;
let queue: Queue;
let jobs = 0;
const workers: RunningWorker[] = [];

async function open(patch: Partial<EngineSettings> = {}): Promise<void> {
  engine = createTestEngine((await useRedis()).url, patch);
  queue = new Queue('clone', { prefix: TEST_PREFIX, connection: engine.redis });
}

beforeEach(() => open());

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
  await queue.close();
  engine.redis.disconnect();
});

function work<Input, Output extends Json, Name extends string>(definition: JobDefinition<unknown, Input, Output, Name>): void {
  const processor = createProcessor({ engine, definition, deps: { redis: engine.redis } });
  workers.push(engine.start([{ queue: 'clone', processor, concurrency: 1 }]));
}

function workCounting(): void {
  const processor = createProcessor({ engine, definition: countingJob, deps: { redis: engine.redis } });
  workers.push(engine.start([{ queue: 'clone', processor, concurrency: 1 }]));
}

async function addJob(input: CountingInput | object = {}, options: JobsOptions = {}): Promise<Job> {
  jobs += 1;
  return queue.add('clone', input, { jobId: `clone-${jobs}`, attempts: 3, backoff: { type: 'capped' }, ...options });
}

const read = async (job: Job): Promise<Job> => (await queue.getJob(job.id ?? '')) ?? job;
const ended = (job: Job) =>
  waitUntil(async () => ((await read(job)).finishedOn === undefined ? undefined : read(job)), 'the end of the job');
const failureOf = async (job: Job) => JSON.parse((await ended(job)).failedReason ?? '{}');
const effects = (job: Job) => engine.redis.hgetall(countingKeys.effects(job.id ?? ''));
const hung = (job: Job) => waitUntil(() => engine.redis.get(countingKeys.hung(job.id ?? '')), 'the hanging');
const logOf = async (job: Job) => (await queue.getJobLogs(job.id ?? '')).logs;

type Run = (step: RunStep<'one' | 'two'>, signal: AbortSignal) => Promise<Json>;
const jobOf = (run: Run) =>
  defineJob<unknown>()({
    name: 'clone',
    input: z.object({}),
    steps: ['one', 'two'],
    run: ({ step, signal }) => run(step, signal),
  });
const onceOf = (body: (context: StepContext) => Promise<Json>) => jobOf((step) => step('one', body));

describe('retries', () => {
  it('a named failure that may pass is tried again, and finished steps are not repeated', async () => {
    const job = await addJob({ fail: { step: 'step-two', times: 2, as: 'named' } });
    workCounting();
    expect(await ended(job)).toMatchObject({ attemptsMade: 3, returnvalue: { outputs: [1, 3, 1] } });
    expect(engine.jobs.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'completed']);
    expect(await effects(job)).not.toHaveProperty('cleaning');
  });

  it('a hopeless failure ends the job at once, after its clean-up', async () => {
    const job = await addJob({ fail: { step: 'step-two', times: 9, as: 'hopeless' } });
    workCounting();
    expect(await failureOf(job)).toEqual({
      code: 'source.credentials_rejected',
      message: 'The source rejected the username or password.',
      hint: expect.any(String),
      step: 'step-two',
    });
    expect(await ended(job)).toMatchObject({ attemptsMade: 1 });
    expect(await effects(job)).toMatchObject({ 'step-two': '1', cleaning: '1' });
  });

  it('spent attempts end the job, and it is cleaned up once', async () => {
    const job = await addJob({ fail: { step: 'step-one', times: 9, as: 'named' } });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'agent.failed', message: expect.stringContaining('no route') });
    expect(await effects(job)).toMatchObject({ 'step-one': '3', cleaning: '1' });
  });

  it('an unknown failure is tried again and shows nothing of itself', async () => {
    const job = await addJob({ fail: { step: 'step-one', times: 9, as: 'unknown' } });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'internal.unexpected', step: 'step-one' });
    const shown = JSON.stringify([(await ended(job)).toJSON(), await logOf(job)]);
    expect(shown).not.toContain('hunter2-hunter2');
    expect(engine.logged.join('')).toContain('hunter2-hunter2');
  });

  it('a job that is tried again by hand starts afresh', async () => {
    const job = await addJob({ fail: { step: 'step-two', times: 1, as: 'hopeless' } });
    workCounting();
    await ended(job);
    await (await read(job)).retry('failed', { resetAttemptsMade: true });
    expect((await ended(job)).returnvalue).toEqual({ outputs: [2, 2, 1] });
  });

  it('a payload of another shape ends the job', async () => {
    const job = await addJob({ hang: 'everywhere' });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.invalid_payload', message: expect.stringContaining('hang') });
  });

  it('a job that was lost too often is cleaned up and fails', async () => {
    const job = await addJob();
    await engine.redis.hset(`${TEST_PREFIX}:clone:${job.id}`, 'stc', 5);
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.stalled' });
    expect(await effects(job)).toEqual({ cleaning: '1' });
  });
});

describe('a job that is delivered once more after its end', () => {
  const deliver = async (job: Job) => {
    const before = engine.logged.length;
    await engine.redis
      .multi()
      .rpush(queue.toKey('wait'), job.id ?? '')
      .zadd(queue.toKey('marker'), 0, '0')
      .exec();
    await waitUntil(() => engine.logged.slice(before).some((line) => line.includes('once more')), 'the delivery');
    await waitUntil(async () => (await queue.getActiveCount()) === 0, 'the end of it');
  };

  it('stays completed, and nothing of it is done again', async () => {
    const job = await addJob();
    workCounting();
    const { returnvalue } = await ended(job);
    const done = await effects(job);
    await deliver(job);
    expect(await read(job)).toMatchObject({ returnvalue });
    expect(await queue.getJobState(job.id ?? '')).toBe('completed');
    expect(await effects(job)).toEqual(done);
  });

  it('stays failed for the same reason, and is not cleaned up again', async () => {
    const job = await addJob({ fail: { step: 'step-two', times: 9, as: 'hopeless' } });
    workCounting();
    const failure = await failureOf(job);
    await deliver(job);
    expect(await failureOf(job)).toEqual(failure);
    expect(await effects(job)).toMatchObject({ 'step-two': '1', cleaning: '1' });
  });
});

describe('cancelling', () => {
  it('a waiting job ends before its first step', async () => {
    const job = await addJob();
    await engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled' });
    expect(await effects(job)).toEqual({ cleaning: '1' });
    await waitUntil(async () => (await engine.redis.exists(redisKeys.cancel(job.id ?? ''))) === 0, 'the end of the flag');
  });

  it('a running job ends in the middle of a step', async () => {
    const job = await addJob({ hang: { step: 'step-two', where: 'after-effect' } });
    workCounting();
    await hung(job);
    await engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled', step: 'step-two' });
    expect(await effects(job)).toEqual({ 'step-one': '1', 'step-two': '1', cleaning: '1' });
    expect(engine.jobs).toEqual([{ job: 'clone', outcome: 'cancelled' }]);
  });

  it('a step that turns the abort into an error of its own still counts as cancelled', async () => {
    const job = await addJob();
    work(
      onceOf(async ({ signal }) => {
        await engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
        await sleep(600_000, undefined, { signal }).catch(() => {
          throw new AppError('agent.failed', { reason: 'connection closed' });
        });
        return null;
      }),
    );
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled' });
  });

  it('a step that misses what was taken away when the job was cancelled counts as cancelled, too', async () => {
    const job = await addJob();
    work(
      onceOf(async () => {
        await engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
        throw new AppError('secret.missing');
      }),
    );
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled', step: 'one' });
  });
});

describe('time and locks', () => {
  it('a job that runs longer than its budget ends', async () => {
    engine.redis.disconnect();
    await open({ budgetMs: 300 });
    const job = await addJob({ hang: { step: 'step-one', where: 'before-effect' } });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.time_exceeded' });
  });

  it('a step that ignores its signal is left behind after the grace', async () => {
    engine.redis.disconnect();
    await open({ abortGraceMs: 50 });
    const job = await addJob();
    work(
      onceOf(async () => {
        await engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
        return new Promise<Json>(() => undefined);
      }),
    );
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled' });
  });

  it('a worker whose lock was taken stops, and neither fails nor finishes the job', async () => {
    const job = await addJob({ hang: { step: 'step-two', where: 'after-effect' } });
    workCounting();
    await hung(job);
    await engine.redis.set(`${TEST_PREFIX}:clone:${job.id}:lock`, 'somebody-else');
    await waitUntil(() => engine.jobs.some(({ outcome }) => outcome === 'lock-lost'), 'the loss of the lock');
    expect(await read(job)).toMatchObject({ attemptsMade: 0, returnvalue: null });
    expect((await read(job)).failedReason).toBeUndefined();
    expect(await effects(job)).not.toHaveProperty('cleaning');
  });

  it('a job that finds itself too early waits, and no attempt is used', async () => {
    let calls = 0;
    const job = await addJob();
    work(
      onceOf(async () => {
        calls += 1;
        if (calls === 1) throw new JobPostponement(Date.now() + 50);
        return 'done';
      }),
    );
    expect(await ended(job)).toMatchObject({ returnvalue: 'done', attemptsMade: 1 });
    expect(engine.jobs.map(({ outcome }) => outcome)).toEqual(['postponed', 'completed']);
  });
});

describe('what people see', () => {
  it('the log tells of steps in order, without known secrets', async () => {
    engine.redactor.add('correct horse');
    const job = await addJob();
    work(
      jobOf(async (step) => {
        await step('one', async ({ log }) => {
          log('logging in with correct horse');
          return null;
        });
        return step('two', async () => 2);
      }),
    );
    await ended(job);
    const lines = (await logOf(job)).map((line) => line.replace(/^\S+Z /, '').replace(/[\d.]+ s$/, 'N s'));
    expect(lines).toEqual([
      '[one] started',
      '[one] logging in with [secret]',
      '[one] finished in N s',
      '[two] started',
      '[two] finished in N s',
    ]);
  });

  it('progress ends with the last thing that was reported', async () => {
    const job = await addJob();
    work(
      jobOf(async (step) => {
        await step('one', async () => null);
        return step('two', async ({ report }) => {
          for (let done = 1; done <= 500; done += 1) report({ done, total: 500, message: `row ${done}` });
          return null;
        });
      }),
    );
    expect((await ended(job)).progress).toEqual({
      ...{ step: 'two', stepNumber: 2, stepCount: 2, done: 500, total: 500, message: 'row 500', at: expect.any(Number) },
    });
  });

  it('scratch survives a failed attempt', async () => {
    const job = await addJob();
    work(
      onceOf(async ({ scratch }) => {
        const cursor = await scratch.read();
        if (cursor !== undefined) return cursor;
        await scratch.write({ page: 7 });
        throw new AppError('agent.failed', { reason: 'reset' });
      }),
    );
    expect((await ended(job)).returnvalue).toEqual({ page: 7 });
  });
});

describe('programming errors end the job', () => {
  const bad: [string, Run][] = [
    ['a step that is not declared', (step) => step('three' as 'one', async () => null)],
    [
      'a step that is called twice',
      async (step) => {
        await step('one', async () => null);
        return step('one', async () => null);
      },
    ],
    [
      'steps out of order',
      async (step) => {
        await step('two', async () => null);
        return step('one', async () => null);
      },
    ],
    ['a step inside a step', (step) => step('one', () => step('two', async () => null))],
  ];
  it.each(bad)('%s', async (_name, run) => {
    const job = await addJob();
    work(jobOf(run));
    expect(await failureOf(job)).toMatchObject({ code: 'job.definition_invalid' });
    expect((await ended(job)).attemptsMade).toBe(1);
  });
});
