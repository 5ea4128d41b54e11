import type { ExtendInput } from '@wcr/shared/contracts/jobs';
import { EXPIRE_QUEUE, EXTEND_QUEUE } from '@wcr/shared/contracts/queues';
import { useRedis } from '@wcr/stack/testing/services';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expireJobId } from '../../queue/expire-schedule.ts';
import { createTestSystem, type TestSystem } from '../../testing/test-system.ts';
import { waitUntil } from '../../testing/wait-until.ts';

const HOUR_MS = 3_600_000;

let system: TestSystem;
let extensions = 0;
beforeEach(async () => {
  system = await createTestSystem((await useRedis()).url);
});
afterEach(() => system[Symbol.asyncDispose]());

async function extend(cloneId: string, patch: Partial<ExtendInput>): Promise<string> {
  extensions += 1;
  const input: ExtendInput = { cloneId, expiresAt: Date.now(), requestedAt: Date.now(), owner: 'tester', ...patch };
  const job = await system.queues[EXTEND_QUEUE].add(EXTEND_QUEUE, input, { jobId: `extend-${extensions}` });
  return job.id ?? '';
}
const failureOf = async (jobId: string) => JSON.parse((await system.ended(EXTEND_QUEUE, jobId)).failedReason ?? '');

it('gives a clone more time everywhere', async () => {
  const { id } = await system.addClone({ expiresAt: Date.now() + 60_000 });
  const expiresAt = Date.now() + HOUR_MS;
  system.start();
  await system.ended(EXTEND_QUEUE, await extend(id, { expiresAt }));
  expect(await system.runtime.read(id)).toMatchObject({ expiresAt });
  expect(await system.projection.read(id)).toMatchObject({ expiresAt });
  const score = await system.engine.redis.zscore(system.queues[EXPIRE_QUEUE].toKey('delayed'), expireJobId(id));
  expect(Math.abs(Number(score) / 0x1000 - expiresAt)).toBeLessThan(1_000);
});

it('a clone that is given less time goes', async () => {
  const { id } = await system.addClone();
  system.start();
  await extend(id, { expiresAt: Date.now() + 100 });
  await system.gone(id);
});

it('of two changes the later request wins, whichever runs last', async () => {
  const { id } = await system.addClone();
  const later = { expiresAt: Date.now() + 3 * HOUR_MS, requestedAt: 2_000 };
  const earlier = { expiresAt: Date.now() + 2 * HOUR_MS, requestedAt: 1_000 };
  system.start();
  await system.ended(EXTEND_QUEUE, await extend(id, later));
  await system.ended(EXTEND_QUEUE, await extend(id, earlier));
  expect(await system.runtime.read(id)).toMatchObject({ expiresAt: later.expiresAt });
  expect(await system.projection.read(id)).toMatchObject({ expiresAt: later.expiresAt });
});

it('a clone that still waits in the queue gets its time when it exists', async () => {
  await system.queues.clone.add('clone', {}, { jobId: 'clone-waits' });
  const clone = await system.addClone({ status: 'queued', jobId: 'clone-waits' });
  await system.runtime.remove(clone.id, new AbortController().signal);
  system.start();
  await extend(clone.id, { expiresAt: Date.now() + HOUR_MS });
  await waitUntil(() => system.engine.jobs.some(({ outcome }) => outcome === 'postponed'), 'the waiting');
  expect(await system.queues[EXTEND_QUEUE].getDelayedCount()).toBe(1);
});

it('a clone that has ended, or never was, gets none', async () => {
  const clone = await system.addClone({ status: 'expiring' });
  system.start();
  expect(await failureOf(await extend(clone.id, {}))).toMatchObject({ code: 'clone.ended' });
  expect(await failureOf(await extend('clone-20300101-000000-abcd', {}))).toMatchObject({ code: 'clone.not_found' });
});
