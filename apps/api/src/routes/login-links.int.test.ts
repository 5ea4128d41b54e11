import { createHmac } from 'node:crypto';
import type { CloneCredentials } from '@wcr/shared/contracts/clone-record';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cloneCalls, errorOf, jsonOf } from '../testing/clone-calls.ts';
import { makeKey, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

const SECRET = 'c0'.repeat(32);

let api: TestApi;
let cloneId: string;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const { accept, patchRecord } = cloneCalls(() => api);
const ask = (key?: string) => api.call('POST', `/api/v1/clones/${cloneId}/login-links`, key === undefined ? {} : { key });
const seal = (credentials: CloneCredentials) =>
  api.deps.redis.set(redisKeys.credentials(cloneId), api.deps.sealer.seal(credentials, `credentials:${cloneId}`));
const login = { username: 'clone-admin-1', password: 'pw', loginUrl: 'http://clones.example/wp-login.php' };

beforeEach(async () => {
  await api.deps.redis.flushall();
  cloneId = (await accept()).clone.id;
  await patchRecord(cloneId, { status: 'ready' });
  await seal({ ...login, loginSecret: SECRET });
});

type Link = { url: string; expiresAt: string };
const tokenOf = ({ url }: Link) => {
  const [body = '', signature] = new URL(url).hash.slice(1).split('.');
  return { body, signature, claims: JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown> };
};

it('signs a link for this clone, its administrator and a minute, with the clone’s own secret', async () => {
  const before = Date.now();
  const response = await ask();
  expect(response.status).toBe(201);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const link = (await response.json()) as Link;
  const { body, signature, claims } = tokenOf(link);
  expect(link.url).toMatch(new RegExp(`^http://clones\\.example/${cloneId}/\\?wcr-login#[\\w.-]+$`));
  expect(claims).toEqual({
    clone: cloneId,
    user: login.username,
    expires: Math.floor(Date.parse(link.expiresAt) / 1000),
    nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(Date.parse(link.expiresAt)).toBeLessThanOrEqual(Date.now() + 60_000);
  expect(Date.parse(link.expiresAt)).toBeGreaterThanOrEqual(before + 60_000);
  expect(signature).toBe(createHmac('sha256', SECRET).update(`wcr-login-link.1.${body}`).digest('base64url'));
  expect(tokenOf(await jsonOf<Link>(ask())).claims['nonce']).not.toBe(claims['nonce']);
});

it('is in the audit log and not in the API’s own log, and the secret comes out nowhere', async () => {
  const link = await jsonOf<Link>(ask());
  const credentials = await (await api.call('GET', `/api/v1/clones/${cloneId}/credentials`)).text();
  expect(JSON.parse(credentials)).toEqual(login);
  const { events } = await jsonOf<{ events: { action: string; record: string; outcome: string }[] }>(
    api.call('GET', '/api/v1/audit?action=login-link.create', { key: ROOT }),
  );
  expect(events).toMatchObject([{ action: 'login-link.create', record: cloneId, outcome: 'done', actor: { name: 'alice' } }]);
  const said = JSON.stringify([api.logLines, events, link]);
  expect(said).toContain(cloneId);
  expect(said).not.toContain(SECRET);
  expect(api.logLines.join('')).not.toContain(tokenOf(link).body);
});

it('is refused for a clone that is not ready, has no login in Redis, or is older than login links', async () => {
  await seal(login);
  expect(await errorOf(await ask())).toMatchObject({ status: 409, code: 'clone.login_links_unsupported' });
  await api.deps.redis.del(redisKeys.credentials(cloneId));
  expect(await errorOf(await ask())).toMatchObject({ status: 503, code: 'clone.credentials_missing' });
  await patchRecord(cloneId, { status: 'expiring' });
  expect(await errorOf(await ask())).toMatchObject({ status: 409, code: 'clone.not_ready' });
});

it('needs the scope of the clone’s login', async () => {
  const { key } = await makeKey(api, { owner: 'alice', scopes: ['clones:read', 'clones:write'] });
  expect(await errorOf(await ask(key))).toMatchObject({ status: 403, code: 'auth.forbidden' });
});
