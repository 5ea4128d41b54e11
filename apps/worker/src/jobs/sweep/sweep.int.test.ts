import { EXPIRE_QUEUE, redisKeys, SWEEP_QUEUE } from '@wcr/shared/contracts/queues';
import { useRedis } from '@wcr/stack/testing/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deleteJobId, expireJobId } from '../../queue/expire-schedule.ts';
import { forgetJobId } from '../../queue/rollback-schedule.ts';
import { createTestSystem, type TestSystem } from '../../testing/test-system.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { ensureSweeps, requestSweep } from './sweep-schedule.ts';

const MINUTE_MS = 60_000;

let system: TestSystem;
beforeEach(async () => {
  system = await createTestSystem((await useRedis()).url);
});
afterEach(() => system[Symbol.asyncDispose]());

const stateOf = (jobId: string) => system.queues[EXPIRE_QUEUE].getJobState(jobId);

it('finds nothing to do when all is well', async () => {
  await system.addClone();
  system.start();
  expect(await system.sweep()).toEqual({});
});

it('with Redis emptied, records, credentials and appointments of all clones come back', async () => {
  const { engine, projection } = system;
  const clones = [await system.addClone(), await system.addClone({ name: 'second' })];
  const overdue = await system.addClone({ expiresAt: Date.now() + 1_000 });
  const sealed = await engine.redis.get(redisKeys.credentials(clones[0]?.id ?? ''));
  await engine.redis.flushdb();
  await system.runtime.update(overdue.id, { expiresAt: Date.now() - 1 });
  system.start();
  await system.sweep();
  for (const clone of clones) {
    expect(await projection.read(clone.id)).toEqual(clone);
    expect(await projection.hasCredentials(clone.id)).toBe(true);
    expect(await stateOf(expireJobId(clone.id))).toBe('delayed');
  }
  expect(await engine.redis.get(redisKeys.credentials(clones[0]?.id ?? ''))).not.toBe(sealed);
  expect((await projection.list()).records.map(({ id }) => id)).toEqual(expect.arrayContaining(clones.map(({ id }) => id)));
  await system.gone(overdue.id);
});

it('what the projection says wrongly is corrected from the runtime', async () => {
  const clone = await system.addClone();
  await system.projection.update(clone.id, { status: 'copying', expiresAt: 1 });
  system.start();
  expect(await system.sweep()).toEqual({ 'projection-corrected': 1 });
  expect(await system.projection.read(clone.id)).toEqual(clone);
});

describe('a clone that should be gone', () => {
  it('because its time is up: goes, also when the last expire job failed for good', async () => {
    const { id } = await system.addClone();
    await system.runtime.update(id, { expiresAt: Date.now() - 1 });
    const remove = system.runtime.remove;
    system.runtime.remove = () => Promise.reject(new Error('away'));
    system.start();
    await system.sweep();
    expect((await system.ended(EXPIRE_QUEUE, expireJobId(id))).failedReason).toContain('internal.unexpected');
    system.runtime.remove = remove;
    await system.sweep();
    await system.gone(id);
  });

  it('because somebody deleted it and the job failed: goes', async () => {
    const { id } = await system.addClone();
    await system.projection.update(id, { status: 'expiring' });
    system.start();
    await system.sweep();
    await system.ended(EXPIRE_QUEUE, deleteJobId(id));
    expect(await system.runtime.read(id)).toBeUndefined();
  });

  it('because its clean-up failed: goes, and stays visible as failed', async () => {
    const { id } = await system.addClone({ status: 'failed' });
    system.start();
    await system.sweep();
    await system.gone(id);
    await system.ended(EXPIRE_QUEUE, deleteJobId(id));
    expect(await system.projection.read(id)).toMatchObject({ status: 'failed' });
  });
});

describe('a clone that is being made', () => {
  it.each(['queued', 'provisioning', 'copying'] as const)(
    '%s, and its job lives: is left alone even past its expiry',
    async (status) => {
      await system.queues.clone.add('clone', {}, { jobId: 'clone-alive' });
      const { id } = await system.addClone({ status, jobId: 'clone-alive', expiresAt: Date.now() - 1 });
      system.start();
      expect(await system.sweep()).toEqual({});
      expect(await system.runtime.read(id)).toMatchObject({ status });
    },
  );

  it('and is removed again by its own job, which failed: is left to that, and shown as failed', async () => {
    await system.queues.clone.add('clone', {}, { jobId: 'clone-alive' });
    const { id } = await system.addClone({ status: 'copying', jobId: 'clone-alive' });
    await system.runtime.update(id, { status: 'expiring' });
    system.start();
    expect(await system.sweep()).toEqual({});
    await system.projection.update(id, { status: 'failed' });
    expect(await system.projection.read(id)).toMatchObject({ status: 'failed' });
  });

  it('without a job, but just asked for: is left alone', async () => {
    await system.addClone({ status: 'provisioning', createdAt: Date.now() });
    system.start();
    expect(await system.sweep()).toEqual({});
  });

  it('without a job after the grace: is removed and shown as failed', async () => {
    const { id } = await system.addClone({ status: 'copying', createdAt: Date.now() - 10 * MINUTE_MS });
    system.start();
    expect(await system.sweep()).toEqual({ orphaned: 1 });
    await system.ended(EXPIRE_QUEUE, deleteJobId(id));
    expect(await system.runtime.read(id)).toBeUndefined();
    expect(await system.projection.read(id)).toMatchObject({ status: 'failed', error: { code: 'job.stalled' } });
  });
});

describe('a record without a clone', () => {
  it.each([
    ['ready', 'expired'],
    ['expiring', 'expired'],
    ['copying', 'failed'],
    ['queued', 'failed'],
  ] as const)('%s: ends as %s after the grace, and its credentials go', async (status, ends) => {
    const clone = await system.addClone({ status: 'ready' });
    // Written whole: by `update` a status never goes back.
    await system.projection.write({ ...clone, status });
    await system.runtime.remove(clone.id, new AbortController().signal);
    system.start();
    expect(await system.sweep()).toEqual({ 'projection-ended': 1 });
    expect(await system.projection.read(clone.id)).toMatchObject({ status: ends });
    expect(await system.projection.hasCredentials(clone.id)).toBe(false);
    expect(await system.sweep()).toEqual({});
  });

  it('whose job waits in the queue is left alone', async () => {
    await system.queues.clone.add('clone', {}, { jobId: 'clone-waits' });
    const clone = await system.addClone({ status: 'queued', jobId: 'clone-waits' });
    await system.runtime.remove(clone.id, new AbortController().signal);
    system.start();
    expect(await system.sweep()).toEqual({});
  });
});

it('one clone that cannot be looked after does not keep the others from it, and the sweep says so', async () => {
  const bad = await system.addClone();
  const good = await system.addClone();
  const lost = await system.addClone();
  await system.engine.redis.del(redisKeys.credentials(bad.id), redisKeys.credentials(good.id));
  await system.runtime.remove(lost.id, new AbortController().signal);
  const open = system.runtime.open;
  system.runtime.open = (id) => (id === bad.id ? Promise.reject(new Error('unreadable')) : open(id));
  system.start();
  await expect(system.sweep()).rejects.toThrow('1 clones could not be looked after');
  expect(await system.projection.hasCredentials(good.id)).toBe(true);
  expect(await system.projection.read(lost.id)).toMatchObject({ status: 'expired' });
  expect(system.engine.logged.join('')).toContain('unreadable');
});

it('the index forgets clones whose record has run out', async () => {
  const { id } = await system.addClone();
  await system.runtime.remove(id, new AbortController().signal);
  await system.engine.redis.del(redisKeys.clone(id));
  system.start();
  await system.sweep();
  expect(await system.engine.redis.zcard(redisKeys.cloneIndex)).toBe(0);
});

it('counts the clones by status and age, and those that overstay their time', async () => {
  const now = Date.now();
  await system.addClone();
  await system.addClone({ createdAt: now - 30 * 60 * MINUTE_MS });
  const { id } = await system.addClone();
  await system.runtime.update(id, { expiresAt: now - 1 });
  system.start();
  await system.sweep();
  expect(system.figures).toMatchObject([{ overdue: 1, warmTargets: 0 }]);
  expect(system.figures[0]?.clones).toContainEqual({ status: 'ready', age: '7d', count: 1 });
  expect(system.figures[0]?.clones).toContainEqual(expect.objectContaining({ age: '1h' }));
});

describe('the targets made ahead', () => {
  it('follow what waits in the queue: not what runs, and not what will be tried again later', async () => {
    const queue = system.queues.clone;
    await queue.add('clone', {}, { jobId: 'clone-waits' });
    await queue.add('clone', {}, { jobId: 'clone-first', priority: 1 });
    await queue.add('clone', {}, { jobId: 'clone-due', delay: 1 });
    await queue.add('clone', {}, { jobId: 'clone-later', delay: 10 * MINUTE_MS });
    const asked: number[] = [];
    const pool = { topUp: async ({ backlog }: { backlog: number }) => ({ ready: asked.push(backlog), made: 2, removed: 0 }) };
    Object.assign(system.runtime, { pool });
    system.start();
    await waitUntil(async () => (await system.cloneJobs.backlog()) === 3, 'what is due');
    expect(await system.sweep()).toEqual({ 'target-made': 2 });
    expect(asked).toEqual([3]);
    expect(system.figures).toMatchObject([{ warmTargets: 1 }]);
  });

  it('that cannot be made do not keep clones from being looked after', async () => {
    const { id } = await system.addClone();
    await system.projection.update(id, { status: 'copying' });
    Object.assign(system.runtime, { pool: { topUp: () => Promise.reject(new Error('no quota')) } });
    system.start();
    await expect(system.sweep()).rejects.toThrow();
    expect(await system.projection.read(id)).toMatchObject({ status: 'ready' });
  });
});

it('a job that a wrong clock has put off is tried now; appointments and short delays stay', async () => {
  const { queues } = system;
  const far = await queues.clone.add('clone', {}, { delay: 3_600_000 });
  const near = await queues.clone.add('clone', {}, { delay: 30_000 });
  const forget = await queues.rollback.add('rollback', {}, { jobId: forgetJobId('restore-1'), delay: 3_600_000 });
  const { id } = await system.addClone();
  system.start();
  expect(await system.sweep()).toMatchObject({ 'job-hastened': 1 });
  expect(await queues.clone.getJobState(far.id ?? '')).toBe('waiting');
  expect(await queues.clone.getJobState(near.id ?? '')).toBe('delayed');
  expect(await queues.rollback.getJobState(forget.id ?? '')).toBe('delayed');
  expect(await queues.expire.getJobState(expireJobId(id))).toBe('delayed');
});

describe('the schedule of sweeps', () => {
  const ensure = () => ensureSweeps({ queue: system.queues[SWEEP_QUEUE], everyMs: 60_000, now: Date.now });

  it('is made once however many workers ask, and again when Redis was emptied', async () => {
    await Promise.all([ensure(), ensure(), ensure()]);
    const [present] = await system.queues[SWEEP_QUEUE].getJobSchedulers();
    expect(present).toMatchObject({ every: 60_000 });
    await system.engine.redis.flushdb();
    await ensure();
    expect(await system.queues[SWEEP_QUEUE].getJobSchedulersCount()).toBe(1);
    expect(await system.queues[SWEEP_QUEUE].getGlobalConcurrency()).toBe(1);
  });

  it('does not wait for a time that only a wrong clock has seen', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    await ensure();
    vi.useRealTimers();
    await ensure();
    const present = await system.queues[SWEEP_QUEUE].getJobScheduler('sweep');
    expect(present?.next).toBeLessThan(Date.now() + 70_000);
    expect(await system.queues[SWEEP_QUEUE].getJobSchedulersCount()).toBe(1);
  });

  it('runs, and workers that start together ask for one sweep', async () => {
    await Promise.all([1, 2, 3].map(() => requestSweep(system.queues[SWEEP_QUEUE])));
    expect(await system.queues[SWEEP_QUEUE].getWaitingCount()).toBe(1);
    await ensure();
    system.start();
    await waitUntil(async () => (await system.queues[SWEEP_QUEUE].getCompletedCount()) === 2, 'two sweeps');
  });
});
