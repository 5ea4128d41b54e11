import { redisKeys } from '@wcr/shared/contracts/queues';
import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type CheckpointStore, createCheckpointStore, forgetCheckpoints } from './checkpoint-store.ts';

const PREFIX = '{wcr}';
const JOB = 'clone-1';
const LOCK = `${PREFIX}:clone:${JOB}:lock`;
const record = { output: { cursor: 7 }, startedAt: 1, endedAt: 2, attempts: 1, durationMs: 1 };
const failure = { code: 'source.died', message: 'm', hint: 'h' };

let redis: Redis;
let owner: CheckpointStore;
let stale: CheckpointStore;

beforeAll(async () => {
  redis = new Redis((await useRedis()).url);
  const options = { redis, prefix: PREFIX, queue: 'clone', jobId: JOB, ttlMs: 60_000 };
  owner = createCheckpointStore({ ...options, token: 'new' });
  stale = createCheckpointStore({ ...options, token: 'old' });
});

beforeEach(async () => {
  await redis.flushdb();
  await redis.set(LOCK, 'new');
});

afterAll(() => redis.disconnect());

const everything = async () => {
  const keys = (await redis.keys('*')).filter((key) => key !== LOCK).sort();
  return Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)]));
};

const writes: [string, (store: CheckpointStore) => Promise<unknown>][] = [
  ['a start', (store) => store.countStart('copy')],
  ['a checkpoint', (store) => store.finish('copy', record)],
  ['scratch', (store) => store.writeScratch('copy', { page: 3 })],
  ['progress', (store) => store.writeProgress({ step: 'copy', stepNumber: 1, stepCount: 1, at: 5 })],
  ['log lines', (store) => store.appendLog(['line'], 10)],
  ['a heartbeat', (store) => store.beat(5)],
  ['the mark of a final failure', (store) => store.markTerminal({ failure, attemptsMade: 0, stalls: 0 })],
  ['clearing', (store) => store.clear()],
];

it.each(writes)('refuses %s of a worker that lost the lock, and changes nothing', async (_name, write) => {
  await owner.finish('first', record);
  const before = await everything();
  await expect(write(stale)).rejects.toMatchObject({ code: 'job.lock_lost' });
  expect(await everything()).toEqual(before);
});

it.each(writes)('refuses %s when the lock ran out', async (_name, write) => {
  await redis.del(LOCK);
  await expect(write(owner)).rejects.toMatchObject({ code: 'job.lock_lost' });
  expect(await redis.keys('*')).toEqual([]);
});

it('gives back what was finished, and forgets its scratch', async () => {
  await owner.writeScratch('copy', { page: 3 });
  expect(await owner.readScratch('copy')).toEqual({ page: 3 });
  await owner.finish('copy', record);
  expect(await owner.readScratch('copy')).toBeUndefined();
  expect((await owner.load()).finished.get('copy')).toEqual(record);
});

it('works after Redis has forgotten its scripts', async () => {
  await redis.script('FLUSH');
  expect(await owner.countStart('copy')).toBe(1);
  expect(await owner.countStart('copy')).toBe(2);
});

it('keeps the newest log lines only', async () => {
  await owner.appendLog(['one', 'two'], 3);
  await owner.appendLog(['three', 'four'], 3);
  expect(await redis.lrange(`${PREFIX}:clone:${JOB}:logs`, '0', '-1')).toEqual(['two', 'three', 'four']);
});

it('sums running time, and sees the cancel flag', async () => {
  expect(await owner.beat(1_000)).toEqual({ cancelled: false, ranMs: 1_000 });
  await redis.set(redisKeys.cancel(JOB), '1');
  expect(await owner.beat(500)).toEqual({ cancelled: true, ranMs: 1_500 });
});

it('does not hear of a cancellation any more once the point of no return has begun, with another worker neither', async () => {
  const options = { redis, prefix: PREFIX, queue: 'clone', jobId: JOB, token: 'new', ttlMs: 60_000 };
  const store = createCheckpointStore({ ...options, pointOfNoReturn: 'roll-back' });
  await redis.set(redisKeys.cancel(JOB), '1');
  expect(await store.beat(1)).toMatchObject({ cancelled: true });
  await owner.countStart('roll-back');
  expect(await store.beat(1)).toMatchObject({ cancelled: false });
});

it('lets checkpoints of a forgotten job run out by themselves', async () => {
  await owner.finish('copy', record);
  expect(await redis.pttl(redisKeys.checkpoints('clone', JOB))).toBeGreaterThan(0);
  await forgetCheckpoints(redis, 'clone', JOB);
  expect((await owner.load()).finished.size).toBe(0);
});

it('refuses outputs that are data rather than references', async () => {
  const output = 'x'.repeat(2 << 20);
  await expect(owner.finish('copy', { ...record, output })).rejects.toMatchObject({ code: 'job.definition_invalid' });
});
