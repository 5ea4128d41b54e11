import { EXPIRE_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import { useRedis } from '@wcr/stack/testing/services';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deleteJobId, expireJobId } from '../../queue/expire-schedule.ts';
import { createTestSystem, type TestSystem } from '../../testing/test-system.ts';
import { waitUntil } from '../../testing/wait-until.ts';

const HOUR_MS = 3_600_000;

let system: TestSystem;
beforeEach(async () => {
  system = await createTestSystem((await useRedis()).url);
});
afterEach(() => system[Symbol.asyncDispose]());

const stateOf = (jobId: string) => system.queues[EXPIRE_QUEUE].getJobState(jobId);

async function addCloneJob(jobId: string, secretRef: string): Promise<void> {
  const source = { url: 'https://shop.example' };
  const input = { cloneId: 'clone-20300101-000000-abcd', source, secretRef, owner: 'o', ttlMinutes: 60, requestedAt: 1 };
  await system.queues.clone.add('clone', input, { jobId });
}

describe('a clone whose time is up', () => {
  it('disappears, stays visible as expired for a while, and leaves no secret behind', async () => {
    const { engine, projection } = system;
    await addCloneJob('clone-job', 'ref-1');
    await engine.redis.set(redisKeys.secret('ref-1'), 'sealed');
    const { id } = await system.addClone({ jobId: 'clone-job', expiresAt: Date.now() + 200 });
    system.start();
    await system.ended(EXPIRE_QUEUE, expireJobId(id));
    expect(await system.runtime.read(id)).toBeUndefined();
    expect(await projection.read(id)).toMatchObject({ status: 'expired' });
    expect(await engine.redis.pttl(redisKeys.clone(id))).toBeGreaterThan(HOUR_MS);
    expect(await projection.hasCredentials(id)).toBe(false);
    expect(await engine.redis.exists(redisKeys.secret('ref-1'))).toBe(0);
  });

  it('is left alone when it was given more time meanwhile, and goes when that is over', async () => {
    const { id } = await system.addClone({ expiresAt: Date.now() + 100 });
    const later = Date.now() + 1_500;
    await system.runtime.update(id, { expiresAt: later });
    system.start();
    await waitUntil(() => system.engine.jobs.some(({ outcome }) => outcome === 'postponed'), 'the new appointment');
    expect(await system.runtime.read(id)).toMatchObject({ status: 'ready' });
    const job = await system.ended(EXPIRE_QUEUE, expireJobId(id));
    expect(await system.runtime.read(id)).toBeUndefined();
    expect(job.finishedOn).toBeGreaterThanOrEqual(later);
    expect(job.attemptsMade).toBe(1);
  });
});

describe('a clone that is deleted', () => {
  it('goes at once, and its appointment with it', async () => {
    const { id } = await system.addClone();
    system.start();
    await system.schedule.expireNow({ cloneId: id, reason: 'deleted' });
    await system.ended(EXPIRE_QUEUE, deleteJobId(id));
    expect(await system.runtime.read(id)).toBeUndefined();
    expect(await stateOf(expireJobId(id))).toBe('unknown');
  });

  it('leaves nothing of an appointment that came too early once', async () => {
    const { id } = await system.addClone({ expiresAt: Date.now() + 100 });
    await system.runtime.update(id, { expiresAt: Date.now() + HOUR_MS });
    system.start();
    await waitUntil(() => system.engine.jobs.some(({ outcome }) => outcome === 'postponed'), 'the new appointment');
    await waitUntil(async () => (await stateOf(expireJobId(id))) === 'delayed', 'the wait for it');
    const checkpoints = redisKeys.checkpoints(EXPIRE_QUEUE, expireJobId(id));
    expect(await system.engine.redis.exists(checkpoints)).toBe(1);
    await system.schedule.expireNow({ cloneId: id, reason: 'deleted' });
    await system.ended(EXPIRE_QUEUE, deleteJobId(id));
    expect(await stateOf(expireJobId(id))).toBe('unknown');
    expect(await system.engine.redis.exists(checkpoints)).toBe(0);
  });

  it('ends as deleted however often that is asked, also when it is gone', async () => {
    const { id } = await system.addClone();
    system.start();
    for (let times = 0; times < 3; times += 1) {
      await system.schedule.expireNow({ cloneId: id, reason: 'deleted' });
      const job = await system.ended(EXPIRE_QUEUE, deleteJobId(id));
      expect(job.failedReason).toBeUndefined();
    }
    expect(await system.projection.read(id)).toMatchObject({ status: 'expired' });
  });

  it('while it is still being made: its job is cancelled', async () => {
    await addCloneJob('clone-job', 'ref-1');
    const { id } = await system.addClone({ status: 'copying', jobId: 'clone-job' });
    system.start();
    await system.schedule.expireNow({ cloneId: id, reason: 'deleted' });
    await system.ended(EXPIRE_QUEUE, deleteJobId(id));
    expect(await system.engine.redis.exists(redisKeys.cancel('clone-job'))).toBe(1);
  });
});

describe('appointments', () => {
  const dueOf = async (id: string) => {
    const score = await system.engine.redis.zscore(system.queues[EXPIRE_QUEUE].toKey('delayed'), expireJobId(id));
    return Math.floor(Number(score) / 0x1000);
  };

  it('move to an earlier or later time, and there is only one', async () => {
    const { id } = await system.addClone();
    for (const at of [Date.now() + 2 * HOUR_MS, Date.now() + HOUR_MS / 2]) {
      await system.schedule.scheduleExpire(id, at);
      expect(Math.abs((await dueOf(id)) - at)).toBeLessThan(1_000);
    }
    expect(await system.queues[EXPIRE_QUEUE].count()).toBe(1);
  });

  it('are made anew after an earlier job of the clone has ended', async () => {
    const { id } = await system.addClone({ expiresAt: Date.now() });
    const worker = system.start();
    await system.ended(EXPIRE_QUEUE, expireJobId(id));
    await worker.close();
    await system.schedule.scheduleExpire(id, Date.now() + HOUR_MS);
    expect(await stateOf(expireJobId(id))).toBe('delayed');
  });

  it('for a time that has passed run at once', async () => {
    const { id } = await system.addClone();
    await system.runtime.update(id, { expiresAt: Date.now() - 1 });
    system.start();
    await system.schedule.scheduleExpire(id, Date.now() - 1);
    await system.gone(id);
  });
});

it('a removal that fails is tried again, and the projection says expiring until it is done', async () => {
  const { runtime } = system;
  const { id } = await system.addClone();
  const remove = runtime.remove.bind(runtime);
  let calls = 0;
  runtime.remove = async (cloneId, signal) => {
    calls += 1;
    if (calls === 1) {
      expect(await system.projection.read(cloneId)).toMatchObject({ status: 'expiring' });
      throw new Error('the database is away');
    }
    return remove(cloneId, signal);
  };
  system.start();
  await system.schedule.expireNow({ cloneId: id, reason: 'deleted' });
  const job = await system.ended(EXPIRE_QUEUE, deleteJobId(id));
  expect(await job.isCompleted()).toBe(true);
  expect(calls).toBe(2);
});

it('a removal that leaves something behind is not believed', async () => {
  const { id } = await system.addClone();
  system.runtime.remove = async () => undefined;
  system.start();
  await system.schedule.expireNow({ cloneId: id, reason: 'deleted' });
  const job = await system.ended(EXPIRE_QUEUE, deleteJobId(id));
  expect(JSON.parse(job.failedReason ?? '')).toMatchObject({ code: 'runtime.failed', step: 'remove-clone' });
});
