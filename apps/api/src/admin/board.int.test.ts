import { EXPIRE_QUEUE, ROLLBACK_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { revokeKey } from '../access/stored-keys.ts';
import { jsonOf } from '../testing/clone-calls.ts';
import { stageJobs } from '../testing/job-stages.ts';
import { addOperatorKeys, READER, WRITER } from '../testing/operator-keys.ts';
import { formTokenOf, HERE, sendSignIn } from '../testing/person.ts';
import { ALICE, type CallOptions, makeKey, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

const API = '/admin/queues/api';
const SIGN_IN = '/sign-in?next=%2Fadmin%2Fqueues';
/** Appears wherever a secret could have slipped in, always in a form the board must recognise. */
const MARK = 'marked-hunter2';
const KEY_MARK = 'beef'.repeat(16);

let api: TestApi;
/** How much later it is for the API. */
let laterMs = 0;
beforeAll(async () => {
  api = await startTestApi({}, () => Date.now() + laterMs);
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  laterMs = 0;
  await api.deps.redis.flushall();
  await addOperatorKeys(api.deps.redis);
});

const read = (path: string, options: CallOptions = {}) => api.call('GET', `/admin${path}`, { key: READER, ...options });

const signIn = (fields: Record<string, string>, headers: Record<string, string> = HERE, peer = '127.0.0.1') =>
  sendSignIn(api, { next: '/admin/queues', ...fields }, { headers, peer });
async function signOut(cookie: string, token?: string): Promise<Response> {
  const headers = { cookie, ...HERE, 'content-type': 'application/x-www-form-urlencoded' };
  return api.call('POST', '/sign-out', { key: null, headers, body: `token=${token ?? (await formTokenOf(api, cookie))}` });
}
const asPerson = (cookie: string, headers: Record<string, string> = {}) => ({ key: null, headers: { cookie, ...headers } });
const put = (path: string, options: CallOptions) => api.call('PUT', `${API}${path}`, { body: {}, ...options });

async function addFailed(jobId = 'clone-failed'): Promise<void> {
  const { clone } = api.deps.queues;
  const data = { source: { url: `https://admin:${MARK}@shop.example`, password: MARK }, pairingKey: KEY_MARK };
  const job = await clone.add('clone', data, { jobId, attempts: 1 });
  await job.log(`sent Authorization: Bearer ${MARK}, then password=${MARK} and ${KEY_MARK}`);
  await using stages = stageJobs('clone', api.redis.url);
  await (await stages.take()).fail('source.unreachable', { reason: `https://admin:${MARK}@shop.example said "${MARK}"` });
}

describe('who comes to the board', () => {
  it('without a key is shown the way to sign in, a machine told to send one', async () => {
    const page = await read('/queues', { key: null, headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('location')]).toEqual([303, SIGN_IN]);
    expect((await read('/queues/api/queues', { key: null })).status).toBe(401);
  });

  it('needs a right of its own: the key of somebody who makes clones is not enough', async () => {
    expect((await read('/queues/api/queues', { key: ALICE })).status).toBe(403);
    expect((await read('/queues/api/queues', { key: 'unknown-key-0123456789' })).status).toBe(401);
    for (const key of [READER, WRITER, ROOT]) expect((await read('/queues/api/queues', { key })).status).toBe(200);
  });

  it('as somebody who makes clones, signed in at the web page, is told on a page that the key does not reach so far', async () => {
    const { cookie } = await signIn({ key: ALICE });
    const page = await read('/queues', asPerson(cookie, { accept: 'text/html' }));
    expect(page.status).toBe(403);
    expect(await page.text()).toContain('This API key lacks the scope queues:read.');
    expect((await read('/queues/api/queues', asPerson(cookie))).status).toBe(403);
  });

  it('signs in with a key, and gets a session that no script reads and no other site may use', async () => {
    const { answer, setCookie, cookie } = await signIn({ key: READER });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/queues']);
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/;', 'Max-Age=28800']) expect(setCookie).toContain(part);
    expect(setCookie).not.toContain('Secure');
    expect((await read('/queues/api/queues', asPerson(cookie))).status).toBe(200);
    const https = await signIn({ key: READER }, { ...HERE, 'x-forwarded-proto': 'https' });
    expect(https.setCookie).toContain('Secure');
    const kept = await api.deps.redis.keys(redisKeys.session('*').replace('{', '\\{'));
    expect(kept).toHaveLength(2);
    for (const key of kept) expect(await api.deps.redis.ttl(key)).toBeGreaterThan(28_000);
  });

  it('with a wrong key, for more than the key may, or from a page of another site is not signed in', async () => {
    const refused = await Promise.all([
      signIn({ key: 'wrong-key-0123456789' }),
      signIn({ key: '' }),
      signIn({ key: READER, write: 'on' }),
      signIn({ key: READER }, { origin: 'https://evil.example' }),
      signIn({ key: READER }, {}),
    ]);
    expect(refused.map(({ answer }) => answer.status)).toEqual([401, 401, 403, 403, 403]);
    expect(refused.map(({ setCookie }) => setCookie)).toEqual(['', '', '', '', '']);
    expect(await refused[0]?.answer.text()).toContain('The API key is not known.');
  });

  it('stays signed in until signing out, and not longer than the key is good', async () => {
    const { cookie } = await signIn({ key: READER });
    const status = async (sent = cookie) => (await read('/queues/api/queues', asPerson(sent))).status;
    expect(await status(cookie.replace(/=./, '=x'))).toBe(401);
    const other = await signIn({ key: WRITER });
    await signOut(cookie);
    expect(await status()).toBe(401);
    expect(await status(other.cookie)).toBe(200);
    await revokeKey({ ...api.deps, auditEntries: 100, host: 'test' }, 'writer');
    expect(await status(other.cookie)).toBe(401);
    const { key } = await makeKey(api, { scopes: ['queues:read'], expiresAt: Date.now() + 3_600_000 });
    const ending = await signIn({ key });
    expect(await status(ending.cookie)).toBe(200);
    laterMs = 3_600_000;
    const page = await read('/queues', asPerson(ending.cookie, { accept: 'text/html' }));
    expect([page.status, page.headers.get('location')]).toEqual([303, SIGN_IN]);
    expect(page.headers.get('set-cookie')).toContain('Max-Age=0');
    laterMs = 0;
    expect(await status(ending.cookie)).toBe(401);
    expect(await api.deps.redis.keys('*:session:*')).toEqual([]);
  });

  it('cannot guess keys at the page either, while people who have signed in from the same address go on', async () => {
    const peer = '203.0.113.7';
    const { cookie } = await signIn({ key: READER }, HERE, peer);
    await api.deps.redis.set(redisKeys.authFailures(peer), api.deps.config.authFailuresPerMinute - 1, 'PX', 60_000);
    const guesses = [await signIn({ key: 'guess-1' }, HERE, peer), await signIn({ key: 'guess-2' }, HERE, peer)];
    expect(guesses.map(({ answer }) => answer.status)).toEqual([401, 429]);
    expect(Number(guesses[1]?.answer.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await guesses[1]?.answer.text()).toContain('Too many unknown API keys were sent from your address.');
    expect((await signIn({ key: WRITER }, HERE, peer)).answer.status).toBe(429);
    expect((await read('/queues/api/queues', { key: ROOT, peer })).status).toBe(429);
    expect((await read('/queues/api/queues', { ...asPerson(cookie), peer })).status).toBe(200);
    await revokeKey({ ...api.deps, auditEntries: 100, host: 'test' }, 'reader');
    expect((await read('/queues/api/queues', asPerson(cookie))).status).toBe(401);
    expect(await api.deps.redis.get(redisKeys.authFailures('127.0.0.1'))).toBeNull();
  });

  it('keeps to the limits of the key, and can always sign out', async () => {
    const { key } = await makeKey(api, { scopes: ['queues:read'], limits: { requestsPerMinute: 3 } });
    const { cookie } = await signIn({ key });
    const token = await formTokenOf(api, cookie);
    expect((await read('/queues/api/queues', asPerson(cookie))).headers.get('ratelimit')).toMatch(/^"requests";r=0;/);
    const refused = await read('/queues/api/queues', asPerson(cookie));
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([429, true]);
    expect(await refused.json()).toMatchObject({ code: 'rate.limited' });
    expect((await api.call('GET', '/sign-in', asPerson(cookie))).status).toBe(429);
    expect((await signIn({ key })).answer.status).toBe(429);
    expect((await signOut(cookie, token)).status).toBe(303);
    expect(await api.deps.redis.keys('*:session:*')).toEqual([]);
  });

  it('sees no board where there is none', async () => {
    await using without = await startTestApi({ WCR_QUEUE_BOARD: 'off' });
    for (const path of ['/admin/queues', '/admin']) expect((await without.call('GET', path, { key: ROOT })).status).toBe(404);
  });
});

describe('what the board tells', () => {
  it('is every queue with what it is for, never kept by a browser, framed or mixed with what comes from elsewhere', async () => {
    const answer = await read('/queues/api/queues');
    const { queues } = (await answer.json()) as { queues: { name: string; description: string; readOnlyMode: boolean }[] };
    expect(queues.map(({ name }) => name).sort()).toEqual([
      'clone',
      'expire',
      'extend',
      'restore',
      'rollback',
      'sweep',
      'webhook',
    ]);
    for (const { description, readOnlyMode } of queues) expect([description.length > 20, readOnlyMode]).toEqual([true, true]);
    for (const path of ['/queues', '/queues/api/queues']) {
      const { headers } = await read(path);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
    }
    expect((await read('/queues/api/redis/stats')).status).toBe(403);
  });

  it('holds no secret, whichever address is asked', async () => {
    await addFailed();
    await api.deps.queues.sweep.upsertJobScheduler('sweep', { every: 60_000 }, { name: 'sweep', data: { token: MARK } });
    const paths = [
      '/queues?activeQueue=clone&status=failed&page=1&jobsPerPage=10',
      '/queues/clone/clone-failed',
      '/queues/clone/clone-failed/logs',
      '/queues/clone/clone-failed/flow',
      '/job-schedulers',
      '/queues/clone/default-job-options',
      '/queues/clone/metrics',
    ];
    for (const key of [READER, WRITER]) {
      const answers = await Promise.all(paths.map(async (path) => read(`/queues/api${path}`, { key })));
      const texts = await Promise.all(answers.map((answer) => answer.text()));
      for (const text of texts) for (const secret of [MARK, KEY_MARK]) expect(text).not.toContain(secret);
      expect(texts[1]).toContain('source.unreachable');
      expect(texts[2]).toContain('sent Authorization: Bearer [secret], then password=[secret] and [secret]');
      expect(texts[0]).toContain('https://[secret]@shop.example');
    }
  });
});

describe('what may be done there', () => {
  const stateOf = (jobId: string) => api.deps.queues.clone.getJobState(jobId);

  it('is nothing for those who only look, by key or by session', async () => {
    await addFailed();
    const { cookie } = await signIn({ key: WRITER });
    for (const options of [{ key: READER }, asPerson(cookie, HERE)]) {
      for (const path of ['/queues/clone/clone-failed/retry', '/queues/clone/pause', '/queues/clone/obliterate', '/queues/pause'])
        expect((await put(path, options)).status, path).toBe(403);
      expect((await api.call('POST', `${API}/queues/clone/add`, { body: { name: 'x' }, ...options })).status).toBe(403);
    }
    expect(await stateOf('clone-failed')).toBe('failed');
  });

  it('is trying a failed job again, pausing and resuming, for those who may and said so', async () => {
    await addFailed();
    const { cookie } = await signIn({ key: WRITER, write: 'on' });
    const person = asPerson(cookie, HERE);
    const { queues } = (await (await read('/queues/api/queues', person)).json()) as { queues: { readOnlyMode: boolean }[] };
    expect(queues[0]?.readOnlyMode).toBe(false);
    expect((await put('/queues/clone/clone-failed/retry', person)).status).toBe(204);
    expect(await stateOf('clone-failed')).toBe('waiting');
    expect((await put('/queues/clone/clone-failed/retry', person)).status).toBe(409);
    expect((await put('/queues/clone/pause', { key: WRITER })).status).toBe(204);
    expect(await api.deps.queues.clone.isPaused()).toBe(true);
    expect((await put('/queues/clone/resume', { key: WRITER })).status).toBe(204);
    expect(await api.deps.queues.clone.isPaused()).toBe(false);
  });

  it('is in the audit log, also what was refused, by the key a person signed in with', async () => {
    await addFailed();
    await signIn({ key: 'wrong-key-0123456789' });
    await signIn({ key: READER, write: 'on' });
    const { cookie } = await signIn({ key: WRITER, write: 'on' });
    const person = asPerson(cookie, HERE);
    await put('/queues/clone/clone-failed/promote', person);
    await put('/queues/clone/clone-failed/retry', person);
    await put('/queues/clone/clone-failed/retry', { key: READER });
    await put('/queues/clone/clone-failed/retry', asPerson(cookie));
    await put('/queues/clone/pause', { key: WRITER });
    await put('/queues/clone/resume', person);
    await put('/queues/clone/obliterate', person);
    await read('/queues/api/queues', person);
    await signOut(cookie);
    await api.deps.audit.drained();
    const { events } = await jsonOf<{ events: Record<string, unknown>[] }>(api.call('GET', '/api/v1/audit', { key: ROOT }));
    const told = events.reverse().map(({ action, actor, record, code }) => [action, (actor as { id: string })?.id, record, code]);
    expect(told).toEqual([
      ['auth.failed', undefined, undefined, undefined],
      ['session.begin', 'reader', undefined, 'auth.forbidden'],
      ['session.begin', 'writer', undefined, undefined],
      ['job.promote', 'writer', 'clone-failed', 'job.not_promotable'],
      ['job.retry', 'writer', 'clone-failed', undefined],
      ['job.retry', 'reader', 'clone-failed', 'auth.forbidden'],
      ['job.retry', 'writer', 'clone-failed', 'auth.cross_origin'],
      ['queue.pause', 'writer', 'clone', undefined],
      ['queue.resume', 'writer', 'clone', undefined],
      ['queue.change', 'writer', 'clone', 'queue.action_refused'],
      ['session.end', 'writer', undefined, undefined],
    ]);
    for (const { code, action, outcome } of events) {
      expect(outcome).toBe(code === undefined && action !== 'auth.failed' ? 'done' : 'refused');
    }
  });

  it('is not done for a page of another site', async () => {
    await addFailed();
    const { cookie } = await signIn({ key: WRITER, write: 'on' });
    for (const headers of [{ origin: 'https://evil.example' }, {}])
      expect((await put('/queues/clone/clone-failed/retry', asPerson(cookie, headers))).status).toBe(403);
    expect(await stateOf('clone-failed')).toBe('failed');
  });

  it('is not what would leave our records behind: adding, editing, removing, or bringing an hour forward', async () => {
    const { queues } = api.deps;
    await queues[EXPIRE_QUEUE].add('expire', {}, { jobId: 'expire-clone-1', delay: 3_600_000 });
    await queues[ROLLBACK_QUEUE].add('rollback', {}, { jobId: 'rollback-forget-1', delay: 3_600_000 });
    const key = WRITER;
    expect((await put('/queues/expire/expire-clone-1/promote', { key })).status).toBe(409);
    expect((await put('/queues/rollback/rollback-forget-1/promote', { key })).status).toBe(409);
    for (const path of ['promote', 'clean/failed', 'retry/failed', 'empty', 'obliterate', 'concurrency', 'expire-clone-1/clean'])
      expect((await put(`/queues/expire/${path}`, { key })).status, path).toBe(405);
    for (const path of ['update-data', 'delay', 'priority'])
      expect((await api.call('PATCH', `${API}/queues/expire/expire-clone-1/${path}`, { key, body: {} })).status).toBe(405);
    expect((await api.call('POST', `${API}/queues/expire/add`, { key, body: { name: 'expire', data: {} } })).status).toBe(405);
    expect(await queues[EXPIRE_QUEUE].getJobCounts('delayed', 'waiting')).toEqual({ delayed: 1, waiting: 0 });
  });

  it('is bringing the next attempt of a job forward', async () => {
    await api.deps.queues.clone.add(
      'clone',
      {},
      { jobId: 'clone-again', attempts: 3, backoff: { type: 'fixed', delay: 60_000 } },
    );
    await using stages = stageJobs('clone', api.redis.url);
    await (await stages.take()).failOnce('x');
    expect(await stateOf('clone-again')).toBe('delayed');
    expect((await put('/queues/clone/clone-again/promote', { key: WRITER })).status).toBe(204);
    expect(await stateOf('clone-again')).toBe('waiting');
  });
});
