import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '@wcr/stack/services/redis';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectRedis, viaRedis } from './redis-client.ts';
import type { TurnwiseRedis } from './turnwise-redis.ts';

const COMMANDS = 100;
const dir = mkdtempSync(join(tmpdir(), 'wcr-turnwise-'));
let service: Awaited<ReturnType<typeof startRedis>>;
let redis: TurnwiseRedis;

beforeAll(async () => {
  service = await startRedis({ dir });
  redis = connectRedis(service.url, pino({ level: 'silent' }));
  await new Promise((resolve) => redis.once('ready', resolve));
});
afterAll(async () => {
  redis.disconnect();
  await service[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

it('sends what is asked in one turn together: Redis reads far fewer times than it gets commands', async () => {
  const readsBefore = await readsOf();
  const values = await Promise.all(Array.from({ length: COMMANDS }, (_, at) => redis.incrby('together', at % 2)));
  expect(values.at(-1)).toBe(COMMANDS / 2);
  expect((await readsOf()) - readsBefore).toBeLessThan(COMMANDS / 5);
});

it('gives each of them its own answer, also where one fails', async () => {
  await redis.set('text', 'not a number');
  const answers = await Promise.allSettled([redis.incr('first'), redis.incr('text'), redis.incr('last')]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('works again on a new connection after the old one was cut with commands held back', async () => {
  const cut = Promise.allSettled([redis.set('held', 1), redis.set('back', 1)]);
  redis.stream.destroy();
  await cut;
  await expect.poll(() => viaRedis(() => redis.ping()).catch(() => 'away'), { timeout: 20_000 }).toBe('PONG');
});

async function readsOf(): Promise<number> {
  const stats = await redis.info('stats');
  return Number(/total_reads_processed:(\d+)/.exec(stats)?.[1]);
}
