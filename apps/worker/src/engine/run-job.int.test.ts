import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { TEST_PREFIX } from '../testing/test-engine.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { Json } from './engine.types.ts';
import { JobPostponement } from './interruptions.ts';
import { JobBench, jobOf, onceOf, type Run } from './testing/job-bench.ts';

const bench = new JobBench();
const { add, work, workCounting, read, ended, failureOf, effects, hung, logOf } = bench;

describe('retries', () => {
  it('a named failure that may pass is tried again, and finished steps are not repeated', async () => {
    const job = await add({ fail: { step: 'step-two', times: 2, as: 'named' } });
    workCounting();
    expect(await ended(job)).toMatchObject({ attemptsMade: 3, returnvalue: { outputs: [1, 3, 1] } });
    expect(bench.engine.jobs.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'completed']);
    expect(await effects(job)).not.toHaveProperty('cleaning');
  });

  it('a hopeless failure ends the job at once, after its clean-up', async () => {
    const job = await add({ fail: { step: 'step-two', times: 9, as: 'hopeless' } });
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
    const job = await add({ fail: { step: 'step-one', times: 9, as: 'named' } });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'agent.failed', message: expect.stringContaining('no route') });
    expect(await effects(job)).toMatchObject({ 'step-one': '3', cleaning: '1' });
  });

  it('an unknown failure is tried again and shows nothing of itself', async () => {
    const job = await add({ fail: { step: 'step-one', times: 9, as: 'unknown' } });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'internal.unexpected', step: 'step-one' });
    const shown = JSON.stringify([(await ended(job)).toJSON(), await logOf(job)]);
    expect(shown).not.toContain('hunter2-hunter2');
    expect(bench.engine.logged.join('')).toContain('hunter2-hunter2');
  });

  it('a job that is tried again by hand starts afresh', async () => {
    const job = await add({ fail: { step: 'step-two', times: 1, as: 'hopeless' } });
    workCounting();
    await ended(job);
    await (await read(job)).retry('failed', { resetAttemptsMade: true });
    expect((await ended(job)).returnvalue).toEqual({ outputs: [2, 2, 1] });
  });

  it('a payload of another shape ends the job', async () => {
    const job = await add({ hang: 'everywhere' });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.invalid_payload', message: expect.stringContaining('hang') });
  });

  it('a job that was lost too often is cleaned up and fails', async () => {
    const job = await add();
    await bench.engine.redis.hset(`${TEST_PREFIX}:clone:${job.id}`, 'stc', 5);
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.stalled' });
    expect(await effects(job)).toEqual({ cleaning: '1' });
  });
});

describe('a job that is delivered once more after its end', () => {
  const deliver = async (job: Job) => {
    const before = bench.engine.logged.length;
    await bench.engine.redis
      .multi()
      .rpush(bench.queue.toKey('wait'), job.id ?? '')
      .zadd(bench.queue.toKey('marker'), 0, '0')
      .exec();
    await waitUntil(() => bench.engine.logged.slice(before).some((line) => line.includes('once more')), 'the delivery');
    await waitUntil(async () => (await bench.queue.getActiveCount()) === 0, 'the end of it');
  };

  it('stays completed, and nothing of it is done again', async () => {
    const job = await add();
    workCounting();
    const { returnvalue } = await ended(job);
    const done = await effects(job);
    await deliver(job);
    expect(await read(job)).toMatchObject({ returnvalue });
    expect(await bench.queue.getJobState(job.id ?? '')).toBe('completed');
    expect(await effects(job)).toEqual(done);
  });

  it('stays failed for the same reason, and is not cleaned up again', async () => {
    const job = await add({ fail: { step: 'step-two', times: 9, as: 'hopeless' } });
    workCounting();
    const failure = await failureOf(job);
    await deliver(job);
    expect(await failureOf(job)).toEqual(failure);
    expect(await effects(job)).toMatchObject({ 'step-two': '1', cleaning: '1' });
  });
});

describe('time and locks', () => {
  it('a job that runs longer than its budget ends', async () => {
    bench.engine.redis.disconnect();
    await bench.open({ budgetMs: 300 });
    const job = await add({ hang: { step: 'step-one', where: 'before-effect' } });
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.time_exceeded' });
  });

  it('a step that ignores its signal is left behind after the grace', async () => {
    bench.engine.redis.disconnect();
    await bench.open({ abortGraceMs: 50 });
    const job = await add();
    work(
      onceOf(async () => {
        await bench.engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
        return new Promise<Json>(() => undefined);
      }),
    );
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled' });
  });

  it('a worker whose lock was taken stops, and neither fails nor finishes the job', async () => {
    const job = await add({ hang: { step: 'step-two', where: 'after-effect' } });
    workCounting();
    await hung(job);
    await bench.engine.redis.set(`${TEST_PREFIX}:clone:${job.id}:lock`, 'somebody-else');
    await waitUntil(() => bench.engine.jobs.some(({ outcome }) => outcome === 'lock-lost'), 'the loss of the lock');
    expect(await read(job)).toMatchObject({ attemptsMade: 0, returnvalue: null });
    expect((await read(job)).failedReason).toBeUndefined();
    expect(await effects(job)).not.toHaveProperty('cleaning');
  });

  it('a job that finds itself too early waits, and no attempt is used', async () => {
    let calls = 0;
    const job = await add();
    work(
      onceOf(async () => {
        calls += 1;
        if (calls === 1) throw new JobPostponement(Date.now() + 50);
        return 'done';
      }),
    );
    expect(await ended(job)).toMatchObject({ returnvalue: 'done', attemptsMade: 1 });
    expect(bench.engine.jobs.map(({ outcome }) => outcome)).toEqual(['postponed', 'completed']);
  });
});

describe('what people see', () => {
  it('the log tells of steps in order, without known secrets', async () => {
    bench.engine.redactor.add('correct horse');
    const job = await add();
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
    const job = await add();
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
    const job = await add();
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
    const job = await add();
    work(jobOf(run));
    expect(await failureOf(job)).toMatchObject({ code: 'job.definition_invalid' });
    expect((await ended(job)).attemptsMade).toBe(1);
  });
});
