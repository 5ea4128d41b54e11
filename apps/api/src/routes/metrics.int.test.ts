import { QUEUES, type QueueName, redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stageJobs } from '../testing/job-stages.ts';
import { startTestApi, type TestApi } from '../testing/start-api.ts';

const HOUR_MS = 3_600_000;
const SOURCE = { url: 'https://shop.example', username: 'u', password: 'p' };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

async function scrape(): Promise<(series: string) => number> {
  const response = await api.call('GET', '/metrics', { key: null });
  expect(response.status).toBe(200);
  const text = await response.text();
  return (series) => Number(new RegExp(`^${series.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
}
const readDemand = async (queue: QueueName) => (await scrape())(`wcr_queue_demand{queue="${queue}"}`);
const add = (queue: QueueName, id: string, options: object = {}) =>
  api.deps.queues[queue].add(queue, {}, { jobId: `${queue}-${id}`, ...options });

describe('the demand of a queue', () => {
  it('is nothing while there is nothing to do', async () => {
    const sample = await scrape();
    for (const queue of QUEUES) expect(sample(`wcr_queue_demand{queue="${queue}"}`)).toBe(0);
  });

  it('is the sum of what runs, waits, waits with a priority and falls due', async () => {
    await using stages = stageJobs('clone', api.redis.url);
    await add('clone', 'active');
    await stages.take();
    await add('clone', 'waiting');
    await add('clone', 'urgent', { priority: 3 });
    await add('clone', 'soon', { delay: 5_000 });
    expect(await readDemand('clone')).toBe(4);
    expect(await readDemand('restore')).toBe(0);
  });

  it.each<[string, object]>([
    ['a job waits', {}],
    ['a job waits with a priority', { priority: 1 }],
    ['a delayed job falls due within seconds', { delay: 10_000 }],
    ['a delayed job is overdue because no worker promoted it', { delay: 1 }],
  ])('is never nothing while %s', async (_, options) => {
    await add('restore', 'only', options);
    expect(await readDemand('restore')).toBe(1);
  });

  it('does not fall to nothing while the last job runs', async () => {
    await using stages = stageJobs('restore', api.redis.url);
    await add('restore', 'last');
    const taken = await stages.take();
    expect(await readDemand('restore')).toBe(1);
    await taken.complete({});
    expect(await readDemand('restore')).toBe(0);
  });

  it('counts a job that is tried again in a moment', async () => {
    await using stages = stageJobs('clone', api.redis.url);
    await add('clone', 'again');
    await (await stages.take()).failOnce('x');
    expect(await readDemand('clone')).toBe(1);
  });

  it('is not raised by the expiry of a clone that has hours to live', async () => {
    await add('expire', 'far', { delay: HOUR_MS });
    const sample = await scrape();
    expect(sample('wcr_queue_demand{queue="expire"}')).toBe(0);
    expect(sample('wcr_queue_jobs{queue="expire",state="delayed"}')).toBe(1);
  });

  it('of a paused queue is only what still runs', async () => {
    await using stages = stageJobs('clone', api.redis.url);
    await add('clone', 'active');
    const taken = await stages.take();
    await add('clone', 'waiting');
    await add('clone', 'soon', { delay: 1_000 });
    await api.deps.queues.clone.pause();
    expect(await readDemand('clone')).toBe(1);
    await taken.complete({});
    expect(await readDemand('clone')).toBe(0);
    await api.deps.queues.clone.resume();
    expect(await readDemand('clone')).toBe(2);
  });

  it('is read in one round trip, also from a Redis that forgot the script', async () => {
    await scrape();
    await api.deps.redis.config('RESETSTAT');
    await scrape();
    const stats = await api.deps.redis.info('commandstats');
    expect(stats).toContain('cmdstat_evalsha:calls=1,');
    expect(stats).not.toContain('cmdstat_eval:');
    await api.deps.redis.script('FLUSH');
    expect(await readDemand('clone')).toBe(0);
  });
});

describe('the longest wait of a queue', () => {
  const readWait = async (queue: QueueName) => (await scrape())(`wcr_queue_oldest_waiting_seconds{queue="${queue}"}`);
  const ago = (seconds: number) => Date.now() - seconds * 1000;
  const about = (seconds: number) => expect.closeTo(seconds, -1);

  it('is nothing while nothing waits', async () => {
    await add('expire', 'far', { delay: HOUR_MS });
    await using stages = stageJobs('clone', api.redis.url);
    await add('clone', 'runs', { timestamp: ago(500) });
    await stages.take();
    expect([await readWait('clone'), await readWait('expire'), await readWait('sweep')]).toEqual([0, 0, 0]);
  });

  it('is that of the first in line, whether or not it has a priority', async () => {
    await add('clone', 'first', { timestamp: ago(500) });
    await add('clone', 'second', { timestamp: ago(100) });
    await add('restore', 'urgent', { timestamp: ago(300), priority: 1 });
    expect([await readWait('clone'), await readWait('restore')]).toEqual([about(500), about(300)]);
  });

  it('is that of a job that was due and that no worker has even moved to those that wait', async () => {
    await add('expire', 'overdue', { timestamp: ago(HOUR_MS / 1000 + 200), delay: HOUR_MS });
    expect(await readWait('expire')).toEqual(about(200));
  });

  it('does not count what a job that was handed back has already run', async () => {
    await add('clone', 'handed-back', { timestamp: ago(5_000) });
    const key = api.deps.queues.clone.toKey('clone-handed-back');
    await api.deps.redis.hset(key, { processedOn: ago(4_000), progress: JSON.stringify({ step: 'copy-files', at: ago(40) }) });
    expect(await readWait('clone')).toEqual(about(40));
  });
});

describe('what the last sweep saw', () => {
  it('is shown as it was left, every status and age included', async () => {
    const figures = { at: 1_700_000_000_500, overdue: 2, warmTargets: 3, clones: [{ status: 'ready', age: '6h', count: 5 }] };
    await api.deps.redis.set(redisKeys.sweepFigures, JSON.stringify(figures));
    const sample = await scrape();
    expect(sample('wcr_clones{status="ready",age="6h"}')).toBe(5);
    expect(sample('wcr_clones{status="failed",age="older"}')).toBe(0);
    expect([sample('wcr_clones_overdue'), sample('wcr_warm_targets')]).toEqual([2, 3]);
    expect(sample('wcr_last_sweep_timestamp_seconds')).toBe(1_700_000_000.5);
  });

  it('is nothing, and long ago, when none ever was or another version left it', async () => {
    for (const left of [undefined, '{"of":"another version"}']) {
      if (left !== undefined) await api.deps.redis.set(redisKeys.sweepFigures, left);
      const sample = await scrape();
      expect([sample('wcr_clones{status="ready",age="6h"}'), sample('wcr_last_sweep_timestamp_seconds')]).toEqual([0, 0]);
    }
  });
});

describe('metrics', () => {
  it('count the queues by state, and the requests by route', async () => {
    await using stages = stageJobs('clone', api.redis.url);
    for (let index = 0; index < 4; index++) await api.call('POST', '/api/v1/clones', { body: { source: SOURCE } });
    await stages.take();
    await (await stages.take()).failOnce('x');
    const text = await (await api.call('GET', '/metrics', { key: null })).text();
    for (const [state, count] of Object.entries({ waiting: 2, active: 1, delayed: 1, failed: 0, completed: 0 })) {
      expect(text).toContain(`wcr_queue_jobs{queue="clone",state="${state}"} ${count}\n`);
    }
    expect(text).toContain(
      'wcr_api_request_duration_seconds_bucket{le="0.001",method="POST",route="/api/v1/clones",status="202"}',
    );
    const names = [...text.matchAll(/^# HELP (\S+)/gm)].map((match) => match[1]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('ask for a token when one is configured', async () => {
    await using guarded = await startTestApi({ WCR_METRICS_TOKEN: 'metrics-token-0123' });
    const read = async (key: string | null, peer = '10.0.0.9') => (await guarded.call('GET', '/metrics', { key, peer })).status;
    expect(await read(null)).toBe(401);
    expect(await read('alice-key-0123456789')).toBe(401);
    expect(await read(null, '127.0.0.1')).toBe(401);
    expect(await read('metrics-token-0123')).toBe(200);
  });

  it('without a token are for callers on the same machine only', async () => {
    const read = async (peer: string, headers: Record<string, string> = {}) =>
      (await api.call('GET', '/metrics', { key: null, peer, headers })).status;
    for (const peer of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1']) expect(await read(peer)).toBe(200);
    for (const peer of ['10.0.0.9', '::ffff:10.0.0.9', '2001:db8::1', '']) expect(await read(peer)).toBe(401);
    expect(await read('127.0.0.1', { 'x-forwarded-for': '127.0.0.1' })).toBe(401);
  });
});
