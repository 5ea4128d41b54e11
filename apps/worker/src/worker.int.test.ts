import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '@wcr/stack/services/redis';
import { useRedis } from '@wcr/stack/testing/services';
import { type Job, Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { createProcessor } from './engine/run-job.ts';
import { countingJob, countingKeys } from './engine/testing/counting-job.ts';
import { createTestEngine, TEST_PREFIX, type TestEngine } from './testing/test-engine.ts';
import { waitUntil } from './testing/wait-until.ts';
import type { QueueBinding } from './worker.ts';

function bindCounting(engine: TestEngine, onLost?: (job: Job) => Promise<void>): QueueBinding {
  const processor = createProcessor({ engine, definition: countingJob, deps: { redis: engine.redis } });
  return { queue: 'clone', processor, concurrency: 1, ...(onLost && { onLost }) };
}

it('a job that BullMQ fails without running it is reported, so that its clone can be removed', async () => {
  const engine = createTestEngine((await useRedis()).url);
  const queue = new Queue('clone', { prefix: TEST_PREFIX, connection: engine.redis });
  const job = await queue.add('clone', {}, { jobId: 'clone-1' });
  await engine.redis.hset(`${TEST_PREFIX}:clone:clone-1`, 'defa', 'job stalled more than allowable limit');
  const lost: (string | undefined)[] = [];
  const worker = engine.start([bindCounting(engine, async ({ id }) => void lost.push(id))]);
  await waitUntil(() => lost.length > 0, 'the report');
  expect(lost).toEqual([job.id]);
  expect(await queue.getJobState('clone-1')).toBe('failed');
  expect(await engine.registry.metrics()).toContain('wcr_dead_letters_total{queue="clone",code="job.stalled"} 1');
  await worker.close();
  await queue.close();
  engine.redis.disconnect();
});

it('a Redis that is killed and comes back costs neither the job nor a finished step', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-worker-test-'));
  const first = await startRedis({ dir, appendOnly: true });
  const engine = createTestEngine(first.url);
  engine.redis.on('error', () => undefined);
  const queue = new Queue('clone', { prefix: TEST_PREFIX, connection: engine.redis });
  queue.on('error', () => undefined);
  const worker = engine.start([bindCounting(engine)]);
  await queue.add('clone', { hang: { step: 'step-two', where: 'before-effect' } }, { jobId: 'clone-1' });
  await waitUntil(() => engine.redis.get(countingKeys.hung('clone-1')), 'the hanging');
  first.kill('SIGKILL');
  await waitUntil(() => engine.redis.status !== 'ready', 'the loss of the connection');
  await first.stop();
  const second = await startRedis({ dir, port: first.port, appendOnly: true });
  // The hanging step goes on only after somebody took its lock away: it ran out while Redis was gone.
  await engine.redis.set(`${TEST_PREFIX}:clone:clone-1:lock`, 'nobody', 'PX', 1);
  const job = await waitUntil(async () => {
    const fresh = await queue.getJob('clone-1');
    return fresh?.finishedOn === undefined ? undefined : fresh;
  }, 'the end of the job');
  expect(job.failedReason).toBeUndefined();
  expect(await engine.redis.hgetall(countingKeys.effects('clone-1'))).toEqual({
    'step-one': '1',
    'step-two': '1',
    'step-three': '1',
  });
  await worker.close();
  await queue.close();
  engine.redis.disconnect();
  await second.stop();
  rmSync(dir, { recursive: true, force: true });
});

it('is alive while it runs a job, and gives the job back when it closes', async () => {
  const engine = createTestEngine((await useRedis()).url);
  const queue = new Queue('clone', { prefix: TEST_PREFIX, connection: engine.redis });
  const running: number[] = [];
  const worker = engine.start([bindCounting(engine)], {}, (count) => void running.push(count));
  expect(worker.isAlive()).toBe(true);
  await queue.add('clone', { hang: { step: 'step-two', where: 'before-effect' } }, { jobId: 'clone-1' });
  await waitUntil(() => engine.redis.get(countingKeys.hung('clone-1')), 'the hanging');
  expect(worker.isAlive()).toBe(true);
  expect(running).toEqual([1]);
  await worker.close();
  expect(running).toEqual([1, 0]);
  expect(await queue.getJobState('clone-1')).toBe('waiting');
  await queue.close();
  engine.redis.disconnect();
});

it('a worker that closes finishes a job which ends while it drains, and takes no other', async () => {
  const engine = createTestEngine((await useRedis()).url);
  const queue = new Queue('clone', { prefix: TEST_PREFIX, connection: engine.redis });
  const worker = engine.start([bindCounting(engine)], { drainMs: 60_000 });
  await queue.add('clone', { stepMs: 200 }, { jobId: 'clone-1' });
  await waitUntil(() => engine.redis.hget(countingKeys.effects('clone-1'), 'step-one'), 'the first step');
  await queue.add('clone', {}, { jobId: 'clone-2' });
  expect(await worker.close()).toBe(true);
  expect(await queue.getJobState('clone-1')).toBe('completed');
  expect(await queue.getJobState('clone-2')).toBe('waiting');
  await queue.close();
  engine.redis.disconnect();
});
