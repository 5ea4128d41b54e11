import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { createSealer } from '@wcr/shared/secrets/seal';
import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createProjection, ENDED_TTL_MS, type Projection } from './projection.ts';

const sealer = createSealer('ab'.repeat(32));
const RECORD: CloneRecord = {
  id: 'clone-20300101-000000-abcd',
  url: 'http://clones.test/clone-20300101-000000-abcd/',
  status: 'copying',
  owner: 'tester',
  sourceUrl: 'https://shop.example',
  jobId: 'clone-1',
  createdAt: 1_893_456_000_123,
  expiresAt: 1_893_459_600_456,
};
const CREDENTIALS = { username: 'clone-admin', password: 'a fine password', loginUrl: 'http://clones.test/wp-login.php' };

let redis: Redis;
let projection: Projection;

beforeAll(async () => {
  redis = new Redis((await useRedis()).url);
  projection = createProjection({ redis, sealer });
});
beforeEach(async () => {
  await redis.flushdb();
});
afterAll(() => redis.disconnect());

const ttl = () => redis.pttl(redisKeys.clone(RECORD.id));

it('gives back what was written, newest found by its time', async () => {
  await projection.write(RECORD);
  expect(await projection.read(RECORD.id)).toEqual(RECORD);
  expect(await redis.zscore(redisKeys.cloneIndex, RECORD.id)).toBe(String(RECORD.createdAt));
  expect(await ttl()).toBe(-1);
});

it('changes that come together all arrive', async () => {
  await projection.write(RECORD);
  const patches = [{ status: 'ready' }, { readyAt: 5 }, { name: 'a name' }, { expiresAt: 9 }] as const;
  await Promise.all(patches.map((patch) => projection.update(RECORD.id, patch)));
  expect(await projection.read(RECORD.id)).toEqual({ ...RECORD, status: 'ready', readyAt: 5, name: 'a name', expiresAt: 9 });
});

it('a change of a clone that is not there makes none', async () => {
  await projection.update(RECORD.id, { status: 'ready' });
  expect(await redis.dbsize()).toBe(0);
});

it.each(['expired', 'failed'] as const)(
  'a clone that becomes %s loses its credentials at once and its record later',
  async (status) => {
    await projection.write(RECORD);
    await projection.writeCredentials(RECORD.id, CREDENTIALS);
    await projection.update(RECORD.id, { status });
    expect(await projection.hasCredentials(RECORD.id)).toBe(false);
    expect(await ttl()).toBeGreaterThan(ENDED_TTL_MS - 60_000);
  },
);

it('saying it again does not make an ended clone visible for longer', async () => {
  await projection.write({ ...RECORD, status: 'failed' });
  await redis.pexpire(redisKeys.clone(RECORD.id), 50_000);
  await projection.update(RECORD.id, { status: 'failed' });
  expect(await ttl()).toBeLessThanOrEqual(50_000);
});

it('a failed clone whose job is tried again stays visible', async () => {
  await projection.write(RECORD);
  await projection.update(RECORD.id, { status: 'failed' });
  await projection.update(RECORD.id, { status: 'provisioning' });
  expect(await ttl()).toBe(-1);
});

it('a clone that was deleted while it was made ends as expired, whatever its job says', async () => {
  await projection.write({ ...RECORD, status: 'expiring' });
  await projection.update(RECORD.id, { status: 'failed', error: { code: 'job.cancelled', message: 'm' } });
  expect(await projection.read(RECORD.id)).toMatchObject({ status: 'expiring' });
  await projection.update(RECORD.id, { status: 'expired' });
  await projection.update(RECORD.id, { status: 'ready' });
  expect(await projection.read(RECORD.id)).toMatchObject({ status: 'expired' });
});

it('credentials are stored sealed, and for this clone only', async () => {
  await projection.writeCredentials(RECORD.id, CREDENTIALS);
  const sealed = (await redis.get(redisKeys.credentials(RECORD.id))) ?? '';
  expect(sealed).not.toContain('fine');
  expect(sealer.open(sealed, `credentials:${RECORD.id}`)).toEqual(CREDENTIALS);
  expect(() => sealer.open(sealed, 'credentials:clone-20300101-000000-zzzz')).toThrow();
});

it('lists what there is, and what the index names in vain or cannot be read', async () => {
  await projection.write(RECORD);
  await redis.zadd(redisKeys.cloneIndex, '1', 'clone-20300101-000000-gone', '2', 'clone-20300101-000000-oldv');
  await redis.set(redisKeys.clone('clone-20300101-000000-oldv'), '{"v":0}');
  const { records, missing } = await projection.list();
  expect(records).toEqual([RECORD]);
  expect(missing.sort()).toEqual(['clone-20300101-000000-gone', 'clone-20300101-000000-oldv']);
  await projection.prune(missing);
  expect(await redis.zrange(redisKeys.cloneIndex, '0', '-1')).toEqual(['clone-20300101-000000-oldv', RECORD.id]);
});
