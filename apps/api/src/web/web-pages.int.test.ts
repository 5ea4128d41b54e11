import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cloneCalls, jsonOf, PASSWORD } from '../testing/clone-calls.ts';
import { stageJobs } from '../testing/job-stages.ts';
import { type Person, signInAs } from '../testing/person.ts';
import { restoreCalls } from '../testing/restore-calls.ts';
import { ALICE, BOB, makeKey, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';
import { giveAlice, LOGIN, NEW_CLONE, placeOf, textOf } from '../testing/web-things.ts';

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;

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
const restores = restoreCalls(() => api);

describe('every page', () => {
  it('loads nothing from elsewhere, runs nothing that stands in it, and is neither kept nor framed', async () => {
    const { ready, preview, restore, job } = await giveAlice(api);
    const paths = [
      '/',
      '/sign-in',
      `/clones/${ready}`,
      `/clones/${ready}/restore`,
      `/restores/${preview}`,
      `/restores/${restore}`,
      `/jobs/${job}`,
    ];
    for (const path of paths) {
      const page = await alice.get(path);
      expect(page.status, path).toBe(200);
      const { headers } = page;
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'$/);
      expect(policy).not.toContain('unsafe');
      expect([headers.get('cache-control'), headers.get('referrer-policy')]).toEqual(['no-store', 'same-origin']);
      const text = await page.text();
      expect(text).not.toMatch(
        /<style|<script(?! src="\/assets\/)|\son\w+=|\sstyle=|(src|action)="https?:|<link[^>]+href="https?:/,
      );
    }
    for (const asset of ['style.css', 'live.js', 'icon.svg']) expect((await alice.get(`/assets/${asset}`)).status).toBe(200);
  });

  it('shows what sites and people call themselves as text, whatever it looks like', async () => {
    const { ready, preview, job } = await giveAlice(api);
    await clones.patchRecord(ready, { name: HOSTILE, error: { code: HOSTILE, message: HOSTILE } });
    const change = { kind: HOSTILE, what: HOSTILE, change: 'new', lost: true } as const;
    const component = { name: HOSTILE, version: HOSTILE };
    await restores.complete(preview, {
      dryRun: true,
      targetChanges: [change],
      warnings: [HOSTILE],
      tables: [{ name: HOSTILE, how: 'swap', inserted: 1, updated: 0, deleted: 0 }],
      plugins: { preserved: [], changed: [component] },
    });
    await (await api.deps.queues.clone.getJob(job))?.log(`2026-11-26T09:00:00.000Z [copy-files] ${HOSTILE}`);
    await (await api.deps.queues.clone.getJob(job))?.log(HOSTILE);
    const pages = ['/', `/clones/${ready}`, `/clones/${ready}/restore`, `/restores/${preview}`, `/jobs/${job}`];
    for (const path of pages) {
      const text = await textOf(alice.get(path));
      expect(text, path).toContain('&lt;script&gt;');
      expect(text, path).not.toMatch(/<script>|<img src=x/);
    }
    await clones.patchRecord(ready, { status: 'failed' });
    expect(await textOf(alice.get(`/clones/${ready}`))).not.toMatch(/<script>|<img src=x/);
    const refused = await textOf(alice.post('/clones', { ...NEW_CLONE, 'source.url': HOSTILE, name: HOSTILE }));
    expect(refused).not.toMatch(/<script>|<img src=x/);
    expect((await alice.get(`/?done=${encodeURIComponent(HOSTILE)}`)).status).toBe(200);
  });

  it('tells what went wrong with what to do, the code and the request', async () => {
    const page = await alice.get('/clones/clone-20200101-000000-aaaa');
    expect(page.status).toBe(404);
    const text = await page.text();
    for (const told of ['There is no clone clone-20200101-000000-aaaa.', 'It may have expired', 'clone.not_found'])
      expect(text).toContain(told);
    expect(text).toContain(page.headers.get('x-request-id'));
  });
});

describe('a form', () => {
  it('is taken from a page of ours only: with the session’s token, from our address', async () => {
    const { ready } = await giveAlice(api);
    const before = await clones.jobCount();
    const bob = await signInAs(api, BOB);
    const forged = await Promise.all([
      alice.post('/clones', { ...NEW_CLONE, token: '' }),
      alice.post('/clones', { ...NEW_CLONE, token: bob.token }),
      alice.post('/clones', NEW_CLONE, { origin: 'https://evil.example' }),
      alice.post(`/clones/${ready}/delete`, { token: 'x'.repeat(43) }),
      alice.post(`/clones/${ready}/credentials`, { token: 'x' }),
      alice.post('/sign-out', { token: '' }),
    ]);
    expect(forged.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
    expect(await forged[4]?.text()).not.toContain(LOGIN.password);
    expect(await clones.jobCount()).toBe(before);
    expect((await alice.get('/')).status).toBe(200);
  });

  it('starts a clone as the call does, once however often it is sent, and without its password in any page', async () => {
    const idempotencyKey = '5f0c1a52-5b4b-4c53-9f0f-0d8f1f4a3c11';
    const fields = {
      ...NEW_CLONE,
      idempotencyKey,
      ttlMinutes: '240',
      name: 'Redesign',
      'exclude.paths': 'wp-content/cache*\nold',
    };
    const [first, again] = [await alice.post('/clones', fields), await alice.post('/clones', fields)];
    expect([first.status, again.status]).toEqual([303, 303]);
    expect(placeOf(first)).toMatch(/^\/clones\/clone-\d{8}-/);
    expect(placeOf(again)).toBe(placeOf(first));
    expect(await clones.jobCount()).toBe(1);
    const [job] = await api.deps.queues.clone.getWaiting();
    expect(job?.data).toMatchObject({
      source: { url: 'https://shop.example' },
      ttlMinutes: 240,
      name: 'Redesign',
      exclude: { paths: ['wp-content/cache*', 'old'], tables: [] },
      owner: 'alice',
    });
    for (const path of ['/', placeOf(first), `/jobs/${job?.id}`]) expect(await textOf(alice.get(path))).not.toContain(PASSWORD);
  });

  it('that does not do is shown again with what was typed, and what is wrong beside each field', async () => {
    const answer = await alice.post('/clones', { ...NEW_CLONE, 'source.url': 'shop', name: 'Redesign', ttlMinutes: '5000' });
    expect(answer.status).toBe(400);
    const page = await answer.text();
    for (const told of [
      'request.invalid',
      'This must be a full address such as https://shop.example.',
      'value="shop"',
      'value="Redesign"',
      'value="admin"',
      'This must be at most 600.',
    ])
      expect(page).toContain(told);
    expect(page).not.toContain(PASSWORD);
    // Loading it again by its address, as somebody does who comes back later, leads to the page.
    expect(page).not.toContain('http-equiv="refresh"');
    expect(placeOf(await alice.get('/clones'))).toBe('/');
    expect(await clones.jobCount()).toBe(0);
    await api.deps.audit.drained();
    const { events } = await jsonOf<{ events: { action: string; code?: string }[] }>(
      api.call('GET', '/api/v1/audit', { key: ROOT }),
    );
    expect(events[0]).toMatchObject({ action: 'clone.create', outcome: 'refused', code: 'request.invalid' });
  });

  it('keeps to the limits of the key, and says so', async () => {
    const { key } = await makeKey(api, { limits: { maxClones: 1 } });
    const person = await signInAs(api, key);
    expect((await person.post('/clones', NEW_CLONE)).status).toBe(303);
    const refused = await person.post('/clones', NEW_CLONE);
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('quota.key_exceeded');
    const hasty = await signInAs(api, (await makeKey(api, { limits: { requestsPerMinute: 3 } })).key);
    await hasty.get('/');
    const limited = await hasty.get('/');
    expect([limited.status, limited.headers.has('retry-after')]).toEqual([429, true]);
    expect(await limited.text()).toContain('action="/sign-out"');
    expect(placeOf(await hasty.post('/sign-out'))).toBe('/sign-in');
  });
});

describe('a clone’s page', () => {
  it('shows the login when it is asked for, writes that down, and not before', async () => {
    const { ready } = await giveAlice(api);
    expect(await textOf(alice.get(`/clones/${ready}`))).not.toContain(LOGIN.password);
    expect(await textOf(alice.post(`/clones/${ready}/credentials`))).toContain(LOGIN.password);
    await api.deps.audit.drained();
    const { events } = await jsonOf<{ events: object[] }>(
      api.call('GET', '/api/v1/audit?action=credentials.read', { key: ROOT }),
    );
    expect(events).toMatchObject([{ record: ready, outcome: 'done', actor: { name: 'alice' } }]);
  });

  it('lets it live longer, deletes it, and then says that it is going', async () => {
    const { ready } = await giveAlice(api);
    const extended = await alice.post(`/clones/${ready}/expiry`, { ttlMinutes: '240' });
    expect(placeOf(extended)).toBe(`/clones/${ready}?done=extended`);
    expect(await textOf(alice.get(placeOf(extended)))).toContain('The clone has a new expiry.');
    const deleted = await alice.post(`/clones/${ready}/delete`);
    expect(await textOf(alice.get(placeOf(deleted)))).toContain('The clone is going');
    const refused = await alice.post(`/clones/${ready}/expiry`, { ttlMinutes: '60' });
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain('clone.ended');
  });

  it.each([
    ['queued', 'The clone is being made'],
    ['expired', 'The clone is gone'],
    ['failed', 'The clone was not made'],
  ] as const)('says of one that is %s: %s', async (status, told) => {
    const { clone } = await clones.accept();
    await clones.patchRecord(clone.id, {
      status,
      ...(status === 'failed' && { error: { code: 'source.unreachable', message: 'gone' } }),
    });
    expect(await textOf(alice.get(`/clones/${clone.id}`))).toContain(told);
  });
});

describe('a restore', () => {
  it('begins with its preview, whatever else is sent', async () => {
    const { ready } = await giveAlice(api);
    const begun = await alice.post(`/clones/${ready}/restore`, {
      'target.url': 'https://live.example',
      dryRun: '',
      preserveThemes: 'on',
    });
    expect(placeOf(begun)).toMatch(/^\/restores\/restore-/);
    const record = await api.deps.restores.find(placeOf(begun).slice('/restores/'.length));
    expect(record).toMatchObject({
      options: { dryRun: true, preservePlugins: false, preserveThemes: true },
      targetUrl: 'https://live.example',
    });
  });

  it('is done as previewed once the site’s name was typed, and only then', async () => {
    const { ready, preview } = await giveAlice(api);
    const path = `/restores/${preview}/confirm`;
    const page = await textOf(alice.get(`/restores/${preview}`));
    for (const told of [
      'Nothing was written.',
      '1 row added, 2 changed, 0 removed in 1 table',
      'order #1042',
      'Type live.example/shop to confirm',
    ])
      expect(page).toContain(told);
    const refused = await alice.post(path, { confirmation: 'live.example', 'target.password': 'typed-4711' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).not.toContain('typed-4711');
    const done = await alice.post(path, { confirmation: ' Live.example/shop ', overwriteTargetChanges: 'on' });
    const record = await api.deps.restores.find(placeOf(done).slice('/restores/'.length));
    expect(record).toMatchObject({
      cloneId: ready,
      targetUrl: 'https://live.example/shop',
      options: { dryRun: false, overwriteTargetChanges: true, preservePlugins: true, verifyIntegrity: true },
    });
  });

  it('can be rolled back while its restore point lives', async () => {
    const { restore, preview } = await giveAlice(api);
    expect(await textOf(alice.get(`/restores/${restore}`))).toContain('Yes, roll back');
    const begun = await alice.post(`/restores/${restore}/rollback`);
    expect(placeOf(begun)).toBe(`/restores/${restore}?done=rolling-back`);
    expect(await textOf(alice.get(placeOf(begun)))).toContain('It is rolled back');
    const refused = await alice.post(`/restores/${preview}/rollback`);
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain('restore.no_restore_point');
  });
});

describe('a job’s page', () => {
  it('tells how far it is without a script, too, and ends it', async () => {
    const { job } = await giveAlice(api);
    await using stages = stageJobs('clone', api.redis.url);
    await stages.take();
    const { job: taken } = await stages.take();
    expect(taken.id).toBe(job);
    await taken.updateProgress({ step: 'copy-files', stepNumber: 6, stepCount: 9, bytes: 123e6, totalBytes: 480e6, at: 1 });
    const page = await textOf(alice.get(`/jobs/${job}`));
    for (const told of [
      '<noscript><meta http-equiv="refresh" content="5"></noscript>',
      'Step 6 of 9: Copy files',
      '123 MB of 480 MB',
    ])
      expect(page).toContain(told);
    await alice.post(`/jobs/${job}/cancel`);
    expect(await textOf(alice.get(`/jobs/${job}`))).toContain('It was asked to end');
  });

  it('tries a failed one again', async () => {
    const { job } = await clones.accept();
    await using stages = stageJobs('clone', api.redis.url);
    await (await stages.take()).fail('source.unreachable', { reason: 'no answer' });
    const page = await textOf(alice.get(`/jobs/${job.id}`));
    for (const told of ['The source cannot be reached: no answer', 'source.unreachable', 'Try it again'])
      expect(page).toContain(told);
    expect(page).not.toContain('http-equiv="refresh"');
    expect(placeOf(await alice.post(`/jobs/${job.id}/retry`))).toBe(`/jobs/${job.id}?done=retried`);
    expect(await api.deps.queues.clone.getJobState(job.id)).toBe('waiting');
  });

  it('goes on by the events of the session’s owner', async () => {
    const { job } = await giveAlice(api);
    const events = await alice.get(`/jobs/${job}/events`);
    const reader = events.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    expect(new TextDecoder().decode(value)).toContain('event: state');
    await reader?.cancel();
    expect((await (await signInAs(api, BOB)).get(`/jobs/${job}/events`)).status).toBe(404);
    expect((await api.call('GET', `/jobs/${job}/events`, { key: null })).status).toBe(401);
  });
});

it('the queue’s health is told at a glance', async () => {
  expect(await textOf(alice.get('/'))).toContain('Free: work begins at once');
  await clones.accept();
  expect(await textOf(alice.get('/'))).toContain('At work');
  await api.deps.queues.expire.pause();
  expect(await textOf(alice.get('/'))).toContain('Nothing is taken from: Expire.');
});
