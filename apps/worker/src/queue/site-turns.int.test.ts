import { setTimeout as sleep } from 'node:timers/promises';
import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createSiteTurns, type SiteTurns, type TurnRequest } from './site-turns.ts';

let redis: Redis;
let turns: SiteTurns;
let events: string[];

beforeAll(async () => {
  redis = new Redis((await useRedis()).url);
});
beforeEach(async () => {
  await redis.flushdb();
  turns = createSiteTurns(redis, { ttlMs: 300, pollMs: 5 });
  events = [];
});
afterAll(() => redis.disconnect());

const request = (holder: string, more: Partial<TurnRequest> = {}): TurnRequest => ({
  siteUrl: 'https://shop.example',
  holder,
  signal: new AbortController().signal,
  onWait: () => events.push(`${holder} waits`),
  ...more,
});

async function visit(name: string): Promise<void> {
  events.push(`${name} comes`);
  await sleep(50);
  events.push(`${name} goes`);
}

it('one comes after the other has gone', async () => {
  await Promise.all([turns.take(request('one'), () => visit('one')), turns.take(request('two'), () => visit('two'))]);
  expect(events.filter((event) => !event.endsWith('waits'))).toEqual(['one comes', 'one goes', 'two comes', 'two goes']);
  expect(events).toContain('two waits');
  expect(await redis.keys('*')).toEqual([]);
});

it('other sites do not wait, and other spellings of the same site do', async () => {
  await turns.take(request('one'), async () => {
    await turns.take(request('two', { siteUrl: 'https://other.example' }), () => visit('two'));
    const waiting = request('three', { siteUrl: 'http://SHOP.example/', signal: AbortSignal.timeout(50) });
    await expect(turns.take(waiting, () => visit('three'))).rejects.toThrow();
  });
  expect(events).toEqual(['two comes', 'two goes', 'three waits']);
});

it('a turn lasts as long as its work, and the same holder may take it again', async () => {
  await turns.take(request('one'), async () => {
    await sleep(500);
    await turns.take(request('one'), () => visit('one'));
    expect(events).toEqual(['one comes', 'one goes']);
  });
});

it('a turn that fails is over', async () => {
  const failing = turns.take(request('one'), () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  await turns.take(request('two'), () => visit('two'));
  expect(events).toEqual(['two comes', 'two goes']);
});

it('a turn whose worker is gone passes by itself', async () => {
  const dead = redis.duplicate();
  void createSiteTurns(dead, { ttlMs: 200, pollMs: 5 }).take(request('dead'), () => new Promise(() => undefined));
  await expect.poll(() => redis.dbsize()).toBe(1);
  dead.disconnect();
  await turns.take(request('two'), () => visit('two'));
  expect(events).toEqual(['two waits', 'two comes', 'two goes']);
});
