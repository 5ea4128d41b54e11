import { redisKeys } from '@wcr/shared/contracts/queues';
import { callbackContext, deliveryIdOf, WebhookSecrets, webhookSecretsContext } from '@wcr/shared/contracts/webhooks';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cloneCalls, errorOf, jsonOf, SOURCE } from '../testing/clone-calls.ts';
import { dumpRedis } from '../testing/dump-redis.ts';
import { TARGET } from '../testing/restore-calls.ts';
import { ALICE, BOB, makeKey, startTestApi, type TestApi } from '../testing/start-api.ts';

const CALLBACK = 'https://ci.example/hooks?token=of-the-receiver';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ WCR_ALLOWED_SOURCES: 'ci.intern.example,10.20.0.0/16' });
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

const clones = cloneCalls(() => api);
const makeSecret = (key = ALICE) =>
  jsonOf<{ secret: string; previousUntil: string | null }>(api.call('POST', '/api/v1/webhook-secret', { key }));
const requestClone = (callbackUrl: string) => api.call('POST', '/api/v1/clones', { body: { source: SOURCE, callbackUrl } });

it('a callback is taken with a clone and a restore, and lies sealed in Redis, for longer than the clone lives', async () => {
  await makeSecret();
  const { clone } = await clones.accept({ source: SOURCE, callbackUrl: CALLBACK, ttlMinutes: 600 });
  const restored = await api.call('POST', '/api/v1/restores', {
    body: { source: SOURCE, target: TARGET, callbackUrl: CALLBACK },
  });
  const { restore } = (await restored.json()) as { restore: { id: string } };
  const { redis, sealer } = api.deps;
  for (const id of [clone.id, restore.id]) {
    expect(sealer.open((await redis.get(redisKeys.callback(id))) ?? '', callbackContext(id))).toEqual({ url: CALLBACK });
    expect(await redis.ttl(redisKeys.callback(id))).toBeGreaterThan(29 * 86_400);
  }
  expect(await dumpRedis(redis)).not.toContain('of-the-receiver');
  expect(await jsonOf(api.call('GET', `/api/v1/restores/${restore.id}`))).not.toHaveProperty('options.callbackUrl');
});

it.each([
  ['http', 'http://ci.example/hooks'],
  ['a private address', 'https://10.0.0.9/hooks'],
  ['metadata', 'https://169.254.169.254/latest'],
  ['a private name', 'https://redis/'],
  ['a port of something else', 'https://ci.example:6379/'],
])('%s is refused as a callback', async (_what, callbackUrl) => {
  await makeSecret();
  expect(await errorOf(await requestClone(callbackUrl))).toMatchObject({ status: 400, code: 'webhook.address_refused' });
});

it.each(['ftp://ci.example/', 'https://user:pass@ci.example/', 'ci.example/hooks'])('%s is no callback', async (callbackUrl) => {
  await makeSecret();
  expect(await errorOf(await requestClone(callbackUrl))).toMatchObject({
    code: 'request.invalid',
    message: expect.stringContaining('callbackUrl'),
  });
});

it('networks that the operator has opened may be called, by http, too', async () => {
  await makeSecret();
  for (const url of ['http://ci.intern.example/hooks', 'http://10.20.3.4:8080/'])
    expect((await requestClone(url)).status).toBe(202);
});

it('the secret is one for all keys of an owner, shown once, sealed; the one before signs along for a day', async () => {
  expect(await errorOf(await requestClone(CALLBACK))).toMatchObject({ status: 409, code: 'webhook.no_secret' });
  const first = await makeSecret();
  expect(first).toEqual({ secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/), previousUntil: null });
  const second = await makeSecret((await makeKey(api, { owner: 'alice' })).key);
  expect(Date.parse(second.previousUntil ?? '') - Date.now()).toBeGreaterThan(23 * 3_600_000);
  await makeSecret(BOB);
  const { redis, sealer } = api.deps;
  const sealed = (await redis.get(redisKeys.webhookSecrets('alice'))) ?? '';
  const kept = WebhookSecrets.parse(sealer.open(sealed, webhookSecretsContext('alice')));
  expect(kept).toMatchObject({ current: second.secret, previous: first.secret });
  await api.deps.audit.drained();
  const everything = (await dumpRedis(redis)) + api.logLines.join('');
  expect(everything).toContain('webhook-secret.rotate');
  for (const { secret } of [first, second]) expect(everything).not.toContain(secret.slice(6));
});

it('the log of deliveries tells what was tried, and what is still to come', async () => {
  const { job } = await clones.accept();
  const id = deliveryIdOf(job.id, 1);
  const key = redisKeys.deliveries(job.id);
  const list = async () =>
    (await jsonOf<{ deliveries: unknown[] }>(api.call('GET', `/api/v1/jobs/${job.id}/deliveries`))).deliveries;
  expect(await list()).toEqual([]);
  await api.deps.redis.hset(key, id, JSON.stringify({ type: 'job.completed', queuedAt: 1_000 }));
  await api.deps.queues.webhook.add('webhook', { owner: 'alice' }, { jobId: id, delay: 60_000 });
  await api.deps.redis.hset(key, `${id}:2000`, JSON.stringify({ at: 2_000, ms: 12, status: 500, code: 'webhook.rejected' }));
  const head = { id, type: 'job.completed', queuedAt: '1970-01-01T00:00:01.000Z' };
  const failed = { at: '1970-01-01T00:00:02.000Z', ms: 12, status: 500, code: 'webhook.rejected' };
  expect(await list()).toEqual([
    { ...head, status: 'waiting', nextAttemptAt: expect.stringMatching(/^\d{4}/), attempts: [failed] },
  ]);
  await api.deps.redis.hset(key, `${id}:3000`, JSON.stringify({ at: 3_000, ms: 5, status: 204 }));
  expect(await list()).toMatchObject([{ ...head, status: 'delivered', attempts: [failed, { ms: 5, status: 204 }] }]);
});
