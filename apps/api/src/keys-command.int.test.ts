import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dumpRedis } from './testing/dump-redis.ts';

const PROGRAM = fileURLToPath(new URL('./keys-command.ts', import.meta.url));
let redis: Redis;
let url: string;
beforeAll(async () => {
  ({ url } = await useRedis());
  redis = new Redis(url);
});
afterAll(() => redis.disconnect());

/** Runs the program as an operator does. */
function keys(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const env = { WCR_REDIS_URL: url, WCR_API_KEYS: 'ops:ops-key-0123456789:admin' };
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { env }, (error, out, err) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

it('prints a new key once and alone, stores its digest, and lists and revokes it by its id', async () => {
  const made = await keys('create', '--name', 'ci', '--scope', 'clones:read', '--max-clones', '3', '--expires', '30d');
  expect(made).toMatchObject({ status: 0, out: expect.stringMatching(/^wcr_[\w-]{32}\n$/) });
  const key = made.out.trim();
  const [id = ''] = /key_[0-9a-f]{12}/.exec(made.err) ?? [];
  expect(await redis.hkeys(redisKeys.apiKeys)).toEqual([createHash('sha256').update(key).digest('hex')]);
  expect(await dumpRedis(redis)).not.toContain(key);

  const listed = await keys('list', '--json');
  expect(listed.out).not.toContain(key);
  expect(JSON.parse(listed.out)).toMatchObject([
    { id: 'ops', from: 'environment', scopes: ['admin'] },
    { id, owner: id, from: 'command', name: 'ci', scopes: ['clones:read'], limits: { maxClones: 3 } },
  ]);

  expect(await keys('revoke', id)).toMatchObject({ status: 0, out: `Revoked ${id}.\n` });
  expect(await redis.exists(redisKeys.apiKeys)).toBe(0);
  const [again, environments] = await Promise.all([keys('revoke', id), keys('revoke', 'ops')]);
  expect(again).toMatchObject({ status: 1, out: '', err: `There is no key ${id}; see list\n` });
  expect(environments).toMatchObject({ status: 1, err: 'ops is a key of WCR_API_KEYS: remove it there\n' });
});

it('says so when Redis is not there', async () => {
  url = 'redis://127.0.0.1:1';
  expect(await keys('list')).toMatchObject({ status: 1, out: '', err: expect.stringContaining('closed') });
});
