import { OWNER_SCOPES, type Scope } from '@wcr/shared/contracts/access';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { revokeKey } from '../access/stored-keys.ts';
import { createApp } from '../app.ts';
import { cloneCalls } from '../testing/clone-calls.ts';
import { HERE, type Person, sendSignIn, signInAs } from '../testing/person.ts';
import { ALICE, BOB, makeKey, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';
import { giveAlice, NEW_CLONE, placeOf, textOf } from '../testing/web-things.ts';

/** Who may see what Alice has. */
const ALICES = { id: 'alice', name: 'alice', owner: 'alice', scopes: [...OWNER_SCOPES], limits: {}, createdAt: 0 };

let api: TestApi;
let alice: Person;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.deps.redis.flushall();
  alice = await signInAs(api, ALICE);
});

const clones = cloneCalls(() => api);
async function personWith(scopes: readonly Scope[], owner = 'alice'): Promise<Person> {
  return signInAs(api, (await makeKey(api, { scopes, owner })).key);
}

describe('who comes to a page', () => {
  it('without a session is shown where to sign in, and comes back from there', async () => {
    const page = await api.call('GET', '/clones/clone-20300131-120000-k3x9?x=1', { key: null });
    expect([page.status, placeOf(page)]).toEqual([303, '/sign-in?next=%2Fclones%2Fclone-20300131-120000-k3x9%3Fx%3D1']);
    const { answer } = await sendSignIn(api, { key: ALICE, next: '/clones/clone-20300131-120000-k3x9?x=1' });
    expect(placeOf(answer)).toBe('/clones/clone-20300131-120000-k3x9?x=1');
  });

  it('is never sent to another server after signing in', async () => {
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', '', 'x'])
      expect(placeOf((await sendSignIn(api, { key: ALICE, next })).answer), next).toBe('/');
  });

  it('with any key that is known, signs in; with another is told so on the page', async () => {
    const { key } = await makeKey(api, { scopes: ['jobs:read'] });
    expect((await sendSignIn(api, { key })).answer.status).toBe(303);
    const { answer, setCookie } = await sendSignIn(api, { key: 'wrong-key-0123456789', next: '/jobs/x' });
    expect([answer.status, setCookie]).toEqual([401, '']);
    const page = await answer.text();
    for (const told of ['The API key is not known.', 'auth.invalid', 'value="/jobs/x"']) expect(page).toContain(told);
    expect(page).not.toContain('wrong-key');
  });

  it('stays signed in until signing out, and not longer than the key is good', async () => {
    expect((await alice.get('/')).status).toBe(200);
    expect(placeOf(await alice.post('/sign-out'))).toBe('/sign-in');
    expect(placeOf(await alice.get('/'))).toBe('/sign-in?next=%2F');
    const { key, id } = await makeKey(api);
    const ending = await signInAs(api, key);
    await revokeKey({ ...api.deps, auditEntries: 100, host: 'test' }, id);
    const refused = await ending.post('/clones', NEW_CLONE);
    expect([refused.status, placeOf(refused)]).toEqual([303, '/sign-in?next=%2F']);
    expect(await clones.jobCount()).toBe(0);
  });

  it('signing in again ends the session before', async () => {
    await sendSignIn(api, { key: BOB }, { headers: { ...HERE, cookie: alice.cookie } });
    expect((await alice.get('/')).status).toBe(303);
  });

  it('has no page where there is none, and still signs in to the board of queues', async () => {
    await using without = await startTestApi({ WCR_WEB_PAGE: 'off' });
    for (const path of ['/', '/clones/x', '/jobs/x']) expect((await without.call('GET', path, { key: null })).status).toBe(404);
    expect(placeOf((await sendSignIn(without, { key: ROOT })).answer)).toBe('/admin/queues');
    await using neither = await startTestApi({ WCR_WEB_PAGE: 'off', WCR_QUEUE_BOARD: 'off' });
    expect((await neither.call('GET', '/sign-in', { key: null })).status).toBe(404);
  });
});

describe('somebody else’s thing', () => {
  it('is on every page and for every form as if it did not exist; an administrator finds it', async () => {
    const { ready, preview, job } = await giveAlice(api);
    const bob = await signInAs(api, BOB);
    const ids: Record<string, string> = { cloneId: ready, restoreId: preview, jobId: job };
    const routes = new Map(
      createApp(api.deps)
        .routes.filter(({ path }) => /^\/(clones|restores|jobs)\/:/.test(path))
        .map(({ method, path }) => [`${method} ${path}`, { method, path }]),
    );
    expect(routes.size).toBeGreaterThanOrEqual(12);
    const before = await api.deps.clones.read(ready, ALICES);
    for (const { method, path } of routes.values()) {
      for (const [, name = ''] of path.matchAll(/:(\w+)/g)) expect(ids, `${path} names something new`).toHaveProperty(name);
      const named = path.replaceAll(/:(\w+)/g, (_, name: string) => ids[name] ?? '');
      const answer =
        method === 'GET'
          ? await bob.get(named)
          : await bob.post(named, { confirmation: 'live.example/shop', ttlMinutes: '5', 'target.url': 'https://live.example' });
      // The address of a form leads to its page.
      const isLed = method === 'GET' && answer.status === 303;
      expect((isLed ? await bob.get(placeOf(answer)) : answer).status, `${method} ${path}`).toBe(404);
    }
    expect(await api.deps.clones.read(ready, ALICES)).toEqual(before);
    expect(await textOf(bob.get('/'))).not.toContain(ready);
    expect((await (await signInAs(api, ROOT)).get(`/clones/${ready}`)).status).toBe(200);
  });
});

describe('what a key may not', () => {
  it('is not offered, with the reason, and refused when it is asked for all the same', async () => {
    const { ready, preview, restore, job } = await giveAlice(api);
    const reader = await personWith(['clones:read', 'restores:read', 'jobs:read']);
    const page = await textOf(reader.get(`/clones/${ready}`));
    for (const scope of ['credentials:read', 'clones:write', 'restores:write']) expect(page).toContain(`<code>${scope}</code>`);
    expect(page).not.toContain('Preview a restore');
    expect(await textOf(reader.get('/'))).not.toContain('Start the clone');
    expect(await textOf(reader.get(`/restores/${preview}`))).not.toContain('Restore now');
    expect((await reader.get(`/clones/${ready}/restore`)).status).toBe(403);
    const forms = [
      '/clones',
      `/clones/${ready}/credentials`,
      `/clones/${ready}/expiry`,
      `/clones/${ready}/delete`,
      `/clones/${ready}/restore`,
      `/restores/${preview}/confirm`,
      `/restores/${restore}/rollback`,
      `/jobs/${job}/cancel`,
      `/jobs/${job}/retry`,
    ];
    for (const path of forms) {
      const answer = await reader.post(path, { ...NEW_CLONE, ttlMinutes: '5', confirmation: 'live.example/shop' });
      expect(answer.status, path).toBe(403);
      expect(await answer.text(), path).toContain('auth.forbidden');
    }
  });

  it('is not seen by sending a form instead', async () => {
    const { ready, preview, job } = await giveAlice(api);
    const blind = await personWith(['clones:write', 'credentials:read', 'restores:write', 'jobs:write']);
    const forms = [
      `/clones/${ready}/credentials`,
      `/clones/${ready}/expiry`,
      `/clones/${ready}/restore`,
      `/restores/${preview}/confirm`,
      `/restores/${preview}/rollback`,
      `/jobs/${job}/retry`,
    ];
    for (const path of forms) {
      const answer = await blind.post(path, { ttlMinutes: 'x' });
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(await answer.text(), path).not.toMatch(/shop\.example|live\.example|clone-pass|clones\.example/);
    }
  });

  it('is left out of the start page, which shows the rest', async () => {
    await giveAlice(api);
    const maker = await textOf((await personWith(['clones:write'])).get('/'));
    for (const told of ['Start the clone', 'lacks the scope <code>clones:read</code>', 'lacks the scope <code>jobs:read</code>'])
      expect(maker).toContain(told);
    expect(maker).not.toMatch(/\/clones\/clone-|\/admin\/queues/);
    const operator = await textOf((await personWith(['queues:read'])).get('/'));
    for (const told of ['To the board of queues', 'Rollback']) expect(operator).toContain(told);
  });
});
