import { redisKeys } from '@wcr/shared/contracts/queues';
import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RestoreProjection } from '../jobs/restore/restore.types.ts';
import { OPTIONS } from '../jobs/restore/testing/site-pair.fixture.ts';
import { createRestoreProjection } from './restores.ts';

const DAY_MS = 24 * 3_600_000;
const NOW = Date.now();
const RECORD: RestoreRecord = {
  ...{ id: 'restore-1', owner: 'o', status: 'queued', targetUrl: 'https://live.example', options: OPTIONS },
  ...{ jobId: 'restore-1', createdAt: NOW },
};
const KEY = redisKeys.restore(RECORD.id);

let redis: Redis;
let restores: RestoreProjection;

beforeAll(async () => {
  redis = new Redis((await useRedis()).url);
  restores = createRestoreProjection(redis);
});
beforeEach(async () => {
  await redis.flushdb();
  await redis.set(KEY, JSON.stringify(RECORD));
});
afterAll(() => redis.disconnect());

it('changes only what it is told to, and keeps a restore that is under way', async () => {
  await restores.update(RECORD.id, { status: 'running' });
  expect(await restores.read(RECORD.id)).toEqual({ ...RECORD, status: 'running' });
  expect(await redis.pttl(KEY)).toBe(-1);
});

it('lets a restore that has ended go after thirty days, and counts them anew after a rollback', async () => {
  await restores.update(RECORD.id, { status: 'completed', endedAt: NOW });
  expect(await redis.pttl(KEY)).toBeGreaterThan(29 * DAY_MS);
  await restores.update(RECORD.id, { status: 'rolling-back' });
  expect(await redis.pttl(KEY)).toBe(-1);
  await restores.update(RECORD.id, { status: 'rolled-back' });
  expect(await redis.pttl(KEY)).toBeGreaterThan(29 * DAY_MS);
});

it('does not bring back a record that is gone', async () => {
  await redis.del(KEY);
  await restores.update(RECORD.id, { status: 'failed' });
  expect(await restores.read(RECORD.id)).toBeUndefined();
  expect(await redis.exists(KEY)).toBe(0);
});

it('loses nothing when several write at once', async () => {
  await Promise.all([
    restores.update(RECORD.id, { status: 'running' }),
    restores.update(RECORD.id, { rollbackJobId: 'rollback-1' }),
    restores.update(RECORD.id, { endedAt: 7 }),
    restores.update(RECORD.id, { error: { code: 'c', message: 'm' } }),
  ]);
  expect(await restores.read(RECORD.id)).toEqual({
    ...RECORD,
    ...{ status: 'running', rollbackJobId: 'rollback-1', endedAt: 7, error: { code: 'c', message: 'm' } },
  });
});

it('takes a record of another version for a missing one and leaves it as it is', async () => {
  await redis.set(KEY, '{"id":"restore-1","of":"another version"}');
  expect(await restores.read(RECORD.id)).toBeUndefined();
  await restores.update(RECORD.id, { status: 'failed' });
  expect(await redis.get(KEY)).toContain('another version');
});

it('forgets ids of long ago when a restore ends', async () => {
  const index = { 'long-ago': NOW - 61 * DAY_MS, 'maybe-visible': NOW - 59 * DAY_MS, [RECORD.id]: NOW };
  for (const [id, createdAt] of Object.entries(index)) await redis.zadd(redisKeys.restoreIndex, String(createdAt), id);
  await restores.update(RECORD.id, { status: 'failed' });
  expect(await redis.zrange(redisKeys.restoreIndex, '0', '-1')).toEqual(['maybe-visible', RECORD.id]);
});
