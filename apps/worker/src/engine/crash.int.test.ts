import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { useRedis } from '@wcr/stack/testing/services';
import { type Job, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_PREFIX } from '../testing/test-engine.ts';
import { waitUntil } from '../testing/wait-until.ts';
import { COUNTING_STEPS, type CountingInput, type CountingStep, countingKeys } from './testing/counting-job.ts';

const WORKER = join(import.meta.dirname, 'testing/counting-worker.ts');

let url: string;
let redis: Redis;
let queue: Queue;
let jobs = 0;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  url = (await useRedis()).url;
  redis = new Redis(url, { maxRetriesPerRequest: null });
  queue = new Queue('clone', { prefix: TEST_PREFIX, connection: redis });
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await queue.close();
  redis.disconnect();
});

function startChild(drainMs = 0): ChildProcess {
  const child = spawn(process.execPath, [WORKER, url, String(drainMs)], { stdio: ['ignore', 'ignore', 'inherit'] });
  children.add(child);
  return child;
}

async function ended(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  await waitUntil(() => child.exitCode !== null || child.signalCode !== null, 'the end of the worker');
  children.delete(child);
  return child.exitCode ?? child.signalCode;
}

async function addJob(input: CountingInput, attempts = 1): Promise<Job> {
  jobs += 1;
  return queue.add('clone', input, { jobId: `clone-${jobs}`, attempts, backoff: { type: 'capped' } });
}

const hung = (job: Job) => waitUntil(() => redis.get(countingKeys.hung(job.id ?? '')), 'the hanging');
const finished = (job: Job) =>
  waitUntil(async () => {
    const fresh = await queue.getJob(job.id ?? '');
    return fresh?.finishedOn === undefined ? undefined : fresh;
  }, 'the end of the job');
const effects = (job: Job) => redis.hgetall(countingKeys.effects(job.id ?? ''));

/** Lets a worker process die by `signal` while the job hangs, and another one finish the job. */
async function takeOver(input: CountingInput, signal: NodeJS.Signals): Promise<{ job: Job; died: unknown }> {
  const first = startChild();
  const job = await addJob(input);
  await hung(job);
  first.kill(signal);
  const died = await ended(first);
  const second = startChild();
  const done = await finished(job);
  second.kill('SIGTERM');
  await ended(second);
  return { job: done, died };
}

function expectedEffects(repeated?: CountingStep): Record<string, string> {
  return Object.fromEntries(COUNTING_STEPS.map((step) => [step, step === repeated ? '2' : '1']));
}

describe('a worker process that is killed', () => {
  it.each(COUNTING_STEPS)('in %s, before its effect: another finishes the job and every effect happens once', async (step) => {
    const { job, died } = await takeOver({ hang: { step, where: 'before-effect' } }, 'SIGKILL');
    expect(died).toBe('SIGKILL');
    expect(job.failedReason).toBeUndefined();
    expect(await effects(job)).toEqual(expectedEffects());
    expect(job.attemptsMade).toBe(1);
  });

  it.each(COUNTING_STEPS)('in %s, between effect and checkpoint: only that step is repeated', async (step) => {
    const { job } = await takeOver({ hang: { step, where: 'after-effect' } }, 'SIGKILL');
    expect(job.returnvalue).toEqual({ outputs: COUNTING_STEPS.map((name) => (name === step ? 2 : 1)) });
    expect(await effects(job)).toEqual(expectedEffects(step));
  });

  it.each(COUNTING_STEPS)('after the checkpoint of %s: no finished step is repeated', async (step) => {
    const { job } = await takeOver({ hang: { step, where: 'after-step' } }, 'SIGKILL');
    expect(await effects(job)).toEqual(expectedEffects());
  });

  it('while it cleans up after a failed job: the cleaning is done again, the job is not', async () => {
    const { job } = await takeOver({ fail: { step: 'step-two', times: 9, as: 'hopeless' }, hangInCleaning: true }, 'SIGKILL');
    expect(JSON.parse(job.failedReason ?? '')).toMatchObject({ code: 'source.credentials_rejected', step: 'step-two' });
    expect(await effects(job)).toEqual({ 'step-one': '1', 'step-two': '1', failures: '1', cleaning: '2' });
  });

  it('a second time: that is not the end of the job', async () => {
    const first = startChild();
    const job = await addJob({ hang: { step: 'step-two', where: 'after-effect' } });
    for (let kills = 0; kills < 2; kills += 1) {
      const worker = kills === 0 ? first : startChild();
      await hung(job);
      await redis.del(countingKeys.hung(job.id ?? ''));
      worker.kill('SIGKILL');
      await ended(worker);
    }
    await redis.set(countingKeys.hung(job.id ?? ''), 1);
    const last = startChild();
    const done = await finished(job);
    last.kill('SIGTERM');
    await ended(last);
    expect(done.failedReason).toBeUndefined();
    expect(done.stalledCounter).toBe(2);
    expect(await effects(job)).toEqual({ 'step-one': '1', 'step-two': '3', 'step-three': '1' });
  });
});

describe('a worker process that is told to stop', () => {
  it('releases its job at once when there is no time to drain, and no attempt is used', async () => {
    const { job, died } = await takeOver({ hang: { step: 'step-two', where: 'after-effect' } }, 'SIGTERM');
    expect(died).toBe(0);
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0, returnvalue: { outputs: [1, 2, 1] } });
  });

  it('lets its job end when there is time', async () => {
    const worker = startChild(60_000);
    const job = await addJob({ hang: { step: 'step-three', where: 'before-effect' } });
    await hung(job);
    worker.kill('SIGTERM');
    await redis.set(`{wcr}:cancel:${job.id}`, '1');
    expect(await ended(worker)).toBe(0);
    expect(JSON.parse((await finished(job)).failedReason ?? '')).toMatchObject({ code: 'job.cancelled' });
  });
});

it('workers that are killed again and again finish every job, and repeat at most the step each of them was in', async () => {
  const kills = 5;
  const added = await Promise.all(Array.from({ length: 16 }, () => addJob({ stepMs: 60 })));
  const workers = [startChild(), startChild()];
  for (let killed = 0; killed < kills; killed += 1) {
    const before = await queue.getCompletedCount();
    await waitUntil(async () => (await queue.getCompletedCount()) > before, 'some progress');
    const victim = workers.shift();
    victim?.kill('SIGKILL');
    workers.push(startChild());
  }
  const done = await Promise.all(added.map(finished));
  expect(done.filter(({ failedReason }) => failedReason !== undefined)).toEqual([]);
  const counts = (await Promise.all(added.map(effects))).flatMap((effect) => Object.values(effect).map(Number));
  expect(counts).toHaveLength(added.length * COUNTING_STEPS.length);
  const repeated = counts.reduce((sum, count) => sum + count - 1, 0);
  expect(repeated).toBeLessThanOrEqual(kills);
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(workers.map(ended));
});
