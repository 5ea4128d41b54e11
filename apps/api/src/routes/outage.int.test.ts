import { startRedis } from '@wcr/stack/services/redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionFrom, startTestApi, type TestApi, untilReady } from '../testing/start-api.ts';

const BODY = { source: { url: 'https://shop.example', username: 'u', password: 'p' } };
const RESTORE = { ...BODY, target: { url: 'https://live.example', username: 'u', password: 'p' } };
/** The command timeout and what a busy machine adds to it. */
const LONGEST_MS = 4_000;
const CALLS: [string, string, unknown?][] = [
  ['POST', '/api/v1/clones', BODY],
  ['GET', '/api/v1/clones'],
  ['GET', '/api/v1/clones/clone-20200101-000000-aaaa'],
  ['GET', '/api/v1/clones/clone-20200101-000000-aaaa/credentials'],
  ['PATCH', '/api/v1/clones/clone-20200101-000000-aaaa', { ttlMinutes: 5 }],
  ['DELETE', '/api/v1/clones/clone-20200101-000000-aaaa'],
  ['POST', '/api/v1/restores', RESTORE],
  ['GET', '/api/v1/restores'],
  ['GET', '/api/v1/restores/restore-1'],
  ['POST', '/api/v1/restores/restore-1/rollback'],
  ['GET', '/api/v1/jobs/clone-1'],
  ['GET', '/api/v1/jobs/clone-1/events'],
  ['GET', '/api/v1/jobs/clone-1/logs'],
  ['POST', '/api/v1/jobs/clone-1/cancel'],
  ['POST', '/api/v1/jobs/clone-1/retry'],
  ['POST', '/clone', BODY],
  ['POST', '/restore', RESTORE],
  ['GET', '/api/v2/job-status/clone-1'],
  ['GET', '/api/v1/audit'],
  ['GET', '/health'],
  ['GET', '/health/ready'],
  ['GET', '/metrics'],
];

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api[Symbol.asyncDispose]());

/** Every call at once; each must say 503 in time. */
async function expectUnavailable(): Promise<void> {
  const answers = await Promise.all(
    CALLS.map(async ([method, path, body]) => {
      const startedMs = performance.now();
      const response = await api.call(method, path, body === undefined ? {} : { body });
      const ms = performance.now() - startedMs;
      const { error } = (await response.json()) as { error: { code: string } };
      return {
        call: `${method} ${path}`,
        status: response.status,
        code: error.code,
        retry: response.headers.get('retry-after'),
        late: ms > LONGEST_MS,
      };
    }),
  );
  for (const [index, [method, path]] of CALLS.entries()) {
    expect(answers[index]).toEqual({
      call: `${method} ${path}`,
      status: 503,
      code: 'queue.unavailable',
      retry: '2',
      late: false,
    });
  }
  expect((await api.call('GET', '/health/live')).status).toBe(200);
  const stranger = await api.call('GET', '/api/v1/clones', { key: 'an-unknown-key' });
  expect(stranger.status).toBe(503);
}

async function expectRecovered(): Promise<void> {
  await expect.poll(async () => (await api.call('GET', '/health/ready')).status, { timeout: 15_000 }).toBe(200);
  expect((await api.call('POST', '/api/v1/clones', { body: BODY })).status).toBe(202);
}

describe('while Redis', () => {
  it('is killed and started again, every call says so at once and then works', async () => {
    const { port } = api.redis;
    api.redis.kill('SIGKILL');
    await expect.poll(() => api.deps.redis.status, { timeout: 5000 }).not.toBe('ready');
    await expectUnavailable();
    await using again = await startRedis({ dir: api.dir, port });
    expect(again.port).toBe(port);
    await expectRecovered();
  });

  it('hangs, every call says so within the command timeout and then works', async () => {
    api.redis.kill('SIGSTOP');
    await expectUnavailable();
    api.redis.kill('SIGCONT');
    await expectRecovered();
  });

  it('hangs, repeating a request with its Idempotency-Key makes one clone, though the timed-out one is executed late', async () => {
    const headers = { 'idempotency-key': 'again' };
    const post = () => api.call('POST', '/api/v1/clones', { body: BODY, headers });
    api.redis.kill('SIGSTOP');
    expect((await Promise.all([post(), post()])).map(({ status }) => status)).toEqual([503, 503]);
    expect((await post()).status).toBe(503);
    api.redis.kill('SIGCONT');
    const answers = await Promise.all([post(), post()]);
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(bodies[0]).toEqual(bodies[1]);
    expect(await api.deps.queues.clone.count()).toBe(1);
    expect((await api.deps.redis.keys('*clone-record*')).length).toBe(1);
  });

  it('hangs, repeating a restore with its Idempotency-Key makes one restore', async () => {
    const headers = { 'idempotency-key': 'again' };
    const post = () => api.call('POST', '/api/v1/restores', { body: RESTORE, headers });
    api.redis.kill('SIGSTOP');
    expect((await Promise.all([post(), post()])).map(({ status }) => status)).toEqual([503, 503]);
    api.redis.kill('SIGCONT');
    const bodies = await Promise.all([post(), post()].map(async (response) => (await response).json()));
    expect(bodies[0]).toMatchObject({ restore: { status: 'queued' } });
    expect(bodies[0]).toEqual(bodies[1]);
    expect(await api.deps.queues.restore.count()).toBe(1);
    expect((await api.deps.redis.keys('*restore-record*')).length).toBe(1);
  });

  it('evicts what it was told to keep, the API is not ready', async () => {
    expect((await api.call('GET', '/health/ready')).status).toBe(200);
    await using other = await startTestApi();
    await other.deps.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect((await other.call('GET', '/health/ready')).status).toBe(503);
    await other.deps.redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect((await other.call('GET', '/health/ready')).status).toBe(200);
  });

  it('is not there yet when the API starts, it answers 503 and recovers', async () => {
    const { createApp } = await import('../app.ts');
    const { createDeps } = await import('../deps.ts');
    const { port } = api.redis;
    await api.redis.stop();
    const deps = createDeps(api.deps.config, api.deps.logger);
    const app = createApp(deps);
    expect((await app.request('/health/startup')).status).toBe(503);
    await using again = await startRedis({ dir: api.dir, port });
    await untilReady(deps);
    expect(again.port).toBe(port);
    expect((await app.request('/health/startup')).status).toBe(200);
    expect((await app.request('/health/ready')).status).toBe(200);
    expect((await app.request('/metrics', {}, connectionFrom())).status).toBe(200);
    deps.close();
  });
});
