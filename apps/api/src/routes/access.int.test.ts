import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAdmission } from '../access/admission.ts';
import { listKeys, revokeKey } from '../access/stored-keys.ts';
import { createApp } from '../app.ts';
import { cloneCalls, errorOf, SOURCE } from '../testing/clone-calls.ts';
import { ALICE, connectionFrom, makeKey, startTestApi, type TestApi } from '../testing/start-api.ts';

const START = Date.parse('2030-01-31T12:00:00Z');
const PEER = '203.0.113.7';
let nowMs = START;
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ WCR_AUTH_FAILURES_PER_MINUTE: '3', WCR_TRUSTED_PROXY_HOPS: '1' }, () => nowMs);
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  nowMs = START;
  await api.deps.redis.flushall();
});

const { accept, patchRecord, jobCount } = cloneCalls(() => api);
const list = (key: string, peer = PEER) => api.call('GET', '/api/v1/clones', { key, peer });
const post = (key: string, body: object = { source: SOURCE }) => api.call('POST', '/api/v1/clones', { key, body });
const keysDeps = () => ({ redis: api.deps.redis, now: api.deps.now, auditEntries: 100, host: 'test' });

describe('the limits of a key', () => {
  it('let it make its requests at once, tell what is left, and fill again evenly', async () => {
    const { key } = await makeKey(api, { limits: { requestsPerMinute: 3 } });
    const answers = [await list(key), await list(key), await list(key)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"requests";q=3;w=60');
    expect(answers.map(({ headers }) => headers.get('ratelimit'))).toEqual([
      '"requests";r=2;t=20',
      '"requests";r=1;t=40',
      '"requests";r=0;t=60',
    ]);
    const refused = await list(key);
    expect(refused.headers.get('retry-after')).toBe('20');
    expect(refused.headers.get('ratelimit')).toBe('"requests";r=0;t=60');
    expect(await errorOf(refused)).toMatchObject({ status: 429, code: 'rate.limited' });
    nowMs += 20_000;
    expect((await list(key)).status).toBe(200);
    expect((await list(key)).status).toBe(429);
    expect((await list(ALICE)).status).toBe(200);
  });

  it('hold for requests that come at the same time', async () => {
    const { key } = await makeKey(api, { limits: { requestsPerMinute: 5 } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => list(key)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  });

  it('count what is enqueued, but not what was refused, nor the ways back', async () => {
    const { key } = await makeKey(api, { limits: { enqueuesPerHour: 2 } });
    const first = await accept(undefined, {}, key);
    expect((await post(key, { source: {} })).status).toBe(400);
    await api.deps.audit.drained();
    expect((await post(key)).headers.get('ratelimit')).toMatch(/^"requests";r=\d+;t=\d+, "enqueues";r=0;t=3600$/);
    const refused = await post(key);
    expect(refused.headers.get('retry-after')).toBe('1800');
    expect(await errorOf(refused)).toMatchObject({ status: 429, code: 'rate.limited' });
    expect((await api.call('DELETE', `/api/v1/clones/${first.clone.id}`, { key })).status).toBe(202);
    expect((await api.call('POST', `/api/v1/jobs/${first.job.id}/cancel`, { key })).status).toBe(202);
    expect(await jobCount()).toBe(2);
  });

  it('hold the clones of its owner at a number, also when they are asked for at the same time', async () => {
    const { key, owner } = await makeKey(api, { limits: { maxClones: 2 } });
    const other = await makeKey(api, { owner, limits: { maxClones: 2 } });
    await Promise.all([accept(), accept(), accept()]);
    const answers = await Promise.all([post(key), post(other.key), post(key), post(other.key)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 202, 429, 429]);
    expect(await errorOf(await post(key))).toMatchObject({ status: 429, code: 'quota.key_exceeded' });
    const page = (await (await list(key)).json()) as { clones: { id: string }[] };
    await patchRecord(page.clones[0]?.id ?? '', { status: 'expired' });
    expect((await post(key)).status).toBe(202);
    expect((await post(ALICE)).status).toBe(202);
  });

  it('are the service’s where the key has none of its own', async () => {
    await using small = await startTestApi({ WCR_KEY_REQUESTS_PER_MINUTE: '2', WCR_KEY_MAX_CLONES: '1' });
    const body = { source: SOURCE };
    const answers = await Promise.all([1, 2, 3].map(() => small.call('POST', '/api/v1/clones', { body })));
    expect(
      (await Promise.all(answers.filter(({ status }) => status === 429).map(errorOf))).map(({ code }) => code).sort(),
    ).toEqual(['quota.key_exceeded', 'rate.limited']);
    const { key } = await makeKey(small, { limits: { requestsPerMinute: 0 } });
    const free = await Promise.all([1, 2, 3, 4].map(() => small.call('GET', '/api/v1/clones', { key })));
    expect(free.map(({ status, headers }) => [status, headers.get('ratelimit')])).toEqual(free.map(() => [200, null]));
    expect((await small.call('GET', '/health/ready')).status).toBe(200);
  });
});

describe('unknown keys', () => {
  it('have their address wait, for good keys too, or it could go on guessing', async () => {
    const guesses = await Promise.all([1, 2, 3, 4].map((index) => list(`guess-${index}`)));
    expect(guesses.map(({ status }) => status).sort()).toEqual([401, 401, 401, 429]);
    const waiting = await list(ALICE);
    expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await errorOf(waiting)).toMatchObject({ status: 429, code: 'auth.too_many_failures' });
    expect((await list(ALICE, '203.0.113.8')).status).toBe(200);
    expect((await api.call('GET', '/health/ready', { peer: PEER })).status).toBe(200);
    await api.deps.redis.del(redisKeys.authFailures(PEER));
    expect((await list(ALICE)).status).toBe(200);
  });

  it('do not lock out a key that was used from there before', async () => {
    expect((await list(ALICE)).status).toBe(200);
    for (const guess of ['guess-1', 'guess-2', 'guess-3']) await list(guess);
    expect((await list('guess-4')).status).toBe(429);
    expect((await list(ALICE)).status).toBe(200);
  });

  it('count for the address that our proxy has seen, whatever else the client says', async () => {
    const guess = (client: string) =>
      api.call('GET', '/api/v1/clones', {
        key: 'guess',
        headers: { 'x-forwarded-for': `198.51.100.${client}, 2001:db8::1:${client}` },
      });
    for (const client of ['1', '2', '3']) expect((await guess(client)).status).toBe(401);
    expect((await guess('4')).status).toBe(429);
    expect(await api.deps.redis.keys('*auth-failures*')).toEqual([redisKeys.authFailures('2001:db8:0:0::')]);
  });
});

describe('a key', () => {
  it('is stored by its digest only, with when and from where it was used last', async () => {
    const { key, id } = await makeKey(api, { name: 'shop' });
    expect(key).toMatch(/^wcr_[\w-]{32}$/);
    const use = async () => (await listKeys(api.deps, api.deps.config.apiKeys)).find((listed) => listed.id === id);
    expect(await use()).not.toHaveProperty('lastUsedAt');
    await list(key);
    nowMs += 30_000;
    await list(key);
    expect(await use()).toMatchObject({ lastUsedAt: START, lastUsedFrom: PEER, from: 'command' });
    nowMs += 30_000;
    await list(key);
    expect(await use()).toMatchObject({ lastUsedAt: START + 60_000 });
  });

  it('that was revoked or has expired is refused from the next request on', async () => {
    const lasting = await makeKey(api);
    const ending = await makeKey(api, { expiresAt: START + 3_600_000 });
    expect((await list(lasting.key)).status).toBe(200);
    expect(await revokeKey(keysDeps(), lasting.id)).toBe(true);
    expect(await revokeKey(keysDeps(), lasting.id)).toBe(false);
    expect(await errorOf(await list(lasting.key))).toMatchObject({ status: 401, code: 'auth.invalid' });
    expect((await list(ending.key)).status).toBe(200);
    nowMs += 3_600_000;
    const expired = await errorOf(await list(ending.key));
    expect(expired).toMatchObject({ status: 401, code: 'auth.expired' });
    expect(expired.message).toContain('2030-01-31T13:00:00');
  });

  it('that is revoked ends the event streams it has open', async () => {
    const { redis, audit, config, now } = api.deps;
    const admission = createAdmission({ redis, audit, config, now, recheckMs: 20 });
    const app = createApp({ ...api.deps, admission });
    const { key, id } = await makeKey(api);
    const { job } = await accept(undefined, {}, key);
    const stream = await app.request(job.eventsUrl, { headers: { authorization: `Bearer ${key}` } }, connectionFrom());
    expect(stream.status).toBe(200);
    const events = stream.text();
    await revokeKey(keysDeps(), id);
    expect((await events).match(/^event: .*$/gm)).toEqual(['event: state']);
    expect(api.deps.watcher.size).toBe(0);
  });
});
