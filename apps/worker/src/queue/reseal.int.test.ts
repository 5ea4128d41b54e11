import { redisKeys } from '@wcr/shared/contracts/queues';
import { callbackContext, webhookSecretsContext } from '@wcr/shared/contracts/webhooks';
import { createSealer } from '@wcr/shared/secrets/seal';
import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createMemoryRuntime } from '../drivers/runtime/runtime.memory.ts';
import { resealAll } from '../jobs/sweep/reseal-all.ts';
import type { SweepDeps } from '../jobs/sweep/sweep.types.ts';
import { resealRedis } from './reseal.ts';

const [OLD, NEW, LOST] = ['ab', 'cd', 'ef'].map((byte) => byte.repeat(32)) as [string, string, string];
const CLONE = 'clone-20300101-000000-abcd';
const signal = new AbortController().signal;
const before = createSealer(OLD, [NEW]);
const after = createSealer(NEW, [OLD]);

let redis: Redis;
beforeEach(async () => {
  redis = new Redis((await useRedis()).url);
});
afterEach(() => redis.disconnect());

it('what was sealed under the key before is under the new one after a sweep, lives as long, and opens without the old key', async () => {
  const sealed = {
    [redisKeys.secret('source:a')]: 'source:a',
    [redisKeys.pairing('digest')]: 'pairing:digest',
    [redisKeys.credentials(CLONE)]: `credentials:${CLONE}`,
    [redisKeys.callback(CLONE)]: callbackContext(CLONE),
    [redisKeys.webhookSecrets('alice')]: webhookSecretsContext('alice'),
  };
  for (const [key, context] of Object.entries(sealed)) await redis.set(key, before.seal({ of: context }, context));
  await redis.pexpire(redisKeys.secret('source:a'), 60_000);
  const fresh = after.seal('fresh', 'source:fresh');
  await redis.set(redisKeys.secret('source:fresh'), fresh);
  await redis.set(redisKeys.secret('source:lost'), createSealer(LOST).seal('lost', 'source:lost'));
  await redis.set('another:key', 'untouched');

  expect(await resealRedis({ redis, sealer: after }, signal)).toEqual({ resealed: 5, unreadable: 1 });

  const alone = createSealer(NEW);
  for (const [key, context] of Object.entries(sealed)) {
    expect(alone.open((await redis.get(key)) ?? '', context)).toEqual({ of: context });
  }
  expect(await redis.pttl(redisKeys.secret('source:a'))).toBeGreaterThan(0);
  expect(await redis.pttl(redisKeys.pairing('digest'))).toBe(-1);
  expect(await redis.get(redisKeys.secret('source:fresh'))).toBe(fresh);
  expect(await redis.get('another:key')).toBe('untouched');
  expect(await resealRedis({ redis, sealer: after }, signal)).toEqual({ resealed: 0, unreadable: 1 });
});

it('a sweep seals anew only while there are other keys, and tells what it found in Redis and in clones', async () => {
  const log: string[] = [];
  const context = { signal, log: (line: string) => void log.push(line) } as Parameters<typeof resealAll>[1];
  const outcomes = ['resealed', undefined, 'unreadable'] as const;
  const runtime = {
    ...createMemoryRuntime(),
    list: async () => outcomes.map((_, id) => ({ id: String(id) })),
    reseal: async (id: string) => outcomes[Number(id)],
  };
  const deps = { runtime, reseal: () => resealRedis({ redis, sealer: after }, signal) } as unknown as SweepDeps;
  expect(await resealAll({ ...deps, reseal: undefined }, context)).toEqual({});
  expect(log).toEqual([]);
  await redis.set(redisKeys.secret('source:a'), before.seal('a', 'source:a'));
  expect(await resealAll(deps, context)).toEqual({ resealed: 2, unreadable: 1 });
  expect(log.join()).toContain('under the present key: 2; opened by no key: 1');
});
