import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorOf, jsonOf } from '../testing/clone-calls.ts';
import { dumpRedis } from '../testing/dump-redis.ts';
import { ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

type Key = { readonly id: string; readonly owner: string; readonly expiresAt?: string; readonly lastUsedAt?: string };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const call = (method: string, path = '', body?: unknown) => api.call(method, `/api/v1/keys${path}`, { key: ROOT, body });

it('an administrator makes, lists and revokes keys over the API, and the audit log says who it was', async () => {
  const made = await call('POST', '', {
    name: 'ci',
    scopes: ['clones:read'],
    limits: { maxClones: 3 },
    expiresAt: '2099-01-01T00:00:00Z',
  });
  expect(made.status).toBe(201);
  const { key, details } = (await made.json()) as { key: string; details: Key };
  expect(details).toMatchObject({
    owner: details.id,
    scopes: ['clones:read'],
    limits: { maxClones: 3 },
    expiresAt: '2099-01-01T00:00:00.000Z',
  });
  const use = () => api.call('GET', '/api/v1/clones', { key });
  expect((await use()).status).toBe(200);

  const { keys } = await jsonOf<{ keys: Key[] }>(call('GET'));
  expect(keys.map(({ id }) => id)).toEqual(['alice', 'bob', 'root', details.id]);
  expect(keys.at(-1)?.lastUsedAt).toMatch(/^\d{4}-/);
  expect(JSON.stringify(keys)).not.toContain(key);
  expect(await dumpRedis(api.deps.redis)).not.toContain(key);

  expect((await call('DELETE', `/${details.id}`)).status).toBe(204);
  expect((await use()).status).toBe(401);
  await api.deps.audit.drained();
  const audit = await jsonOf<{ events: unknown[] }>(api.call('GET', `/api/v1/audit?record=${details.id}`, { key: ROOT }));
  expect(audit.events).toMatchObject([
    { action: 'key.revoke', outcome: 'done', actor: { id: 'root' }, address: '127.0.0.1' },
    { action: 'key.create', outcome: 'done', actor: { id: 'root' }, address: '127.0.0.1' },
  ]);
});

it('what cannot be done is refused: a key that is not there, or not ours to end, and one nobody could use', async () => {
  expect(await errorOf(await call('DELETE', '/key_000000000000'))).toMatchObject({ status: 404, code: 'key.not_found' });
  expect(await errorOf(await call('DELETE', '/alice'))).toMatchObject({ status: 409, code: 'key.from_environment' });
  for (const wanted of [{ name: 'a:b' }, { name: 'a', scopes: ['root'] }, { name: 'a', expiresAt: '2001-01-01T00:00:00Z' }])
    expect(await errorOf(await call('POST', '', wanted))).toMatchObject({ status: 400, code: 'request.invalid' });
});
