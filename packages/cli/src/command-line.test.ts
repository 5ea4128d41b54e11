import { afterEach, describe, expect, it } from 'vitest';
import { runCli } from './testing/run-cli.ts';
import { events, JOB, page, progress, type Replies, refusal, type StubApi, startStubApi } from './testing/stub-api.ts';

const CLONE_ID = JOB.cloneId;
const CLONE = {
  ...{ id: CLONE_ID, url: `https://clones.example/${CLONE_ID}/`, status: 'ready', source: { url: 'https://shop.example' } },
  ...{ createdAt: '2030-01-31T12:00:00.000Z', expiresAt: '2030-01-31T13:00:00.000Z', jobId: JOB.id },
};
const LOGIN = { username: 'wcr-admin', password: 'made-for-you', loginUrl: `${CLONE.url}wp-login.php` };
const ACCEPTED = [202, { clone: { id: CLONE_ID, url: CLONE.url, status: 'queued' }, job: { id: JOB.id } }] as const;
const ENDED = { ...JOB, status: 'completed', result: {} };
const FAILED = {
  ...JOB,
  status: 'failed',
  error: { code: 'source.unreachable', message: 'It is down.', hint: 'Start it.', step: 'reach-source' },
};

const CLONING: Replies = {
  'POST /api/v1/clones': ACCEPTED,
  'GET /api/v1/jobs/clone-1/events': events(
    { event: 'state', data: JOB },
    { event: 'progress', data: progress(2) },
    { event: 'completed', data: ENDED, id: 'end' },
  ),
  [`GET /api/v1/clones/${CLONE_ID}`]: [200, CLONE],
  [`GET /api/v1/clones/${CLONE_ID}/credentials`]: [200, LOGIN],
};

let api: StubApi;
const startApi = async (replies: Replies) => {
  api = await startStubApi(replies);
  return api.url;
};
afterEach(() => api?.[Symbol.asyncDispose]());

describe('clone', () => {
  it('follows the job and prints address and login; progress stays off standard output', async () => {
    const url = await startApi(CLONING);
    const ran = await runCli(url, 'clone https://shop.example --ttl 2h --name Before --exclude-path wp-content/cache* -u admin', {
      env: { WCR_SITE_PASSWORD: 'site-password' },
    });
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toContain(`address   ${CLONE.url}`);
    expect(ran.out).toContain('password  made-for-you');
    expect(ran.err).toContain('2/4 copy-files');
    const [asked] = api.seen;
    expect(asked?.body).toEqual({
      source: { url: 'https://shop.example', username: 'admin', password: 'site-password' },
      ...{ ttlMinutes: 120, name: 'Before', exclude: { paths: ['wp-content/cache*'], tables: [] } },
    });
    expect(asked?.headers).toMatchObject({ authorization: 'Bearer the-api-key', 'idempotency-key': expect.stringMatching(/./) });
  });

  it('with --json answers with one object and says nothing else', async () => {
    const ran = await runCli(await startApi(CLONING), 'clone https://shop.example --json');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(ran.out)).toMatchObject({ clone: { id: CLONE_ID }, credentials: LOGIN, job: { status: 'completed' } });
    expect(ran.out.trim().split('\n')).toHaveLength(1);
  });

  it('with --no-wait names the job and leaves it alone', async () => {
    const ran = await runCli(await startApi(CLONING), 'clone https://shop.example --no-wait');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(JOB.id) });
    expect(api.seen.some(({ path }) => path.endsWith('/events'))).toBe(false);
  });

  it('that fails tells why and what helps, to people and to scripts', async () => {
    const replies = { ...CLONING, 'GET /api/v1/jobs/clone-1/events': events({ event: 'failed', data: FAILED, id: 'end' }) };
    const url = await startApi(replies);
    const ran = await runCli(url, 'clone https://shop.example');
    expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringContaining('It is down. (source.unreachable)\nStart it.') });
    const scripted = await runCli(url, 'clone https://shop.example --json');
    expect({ ...scripted, err: JSON.parse(scripted.err) }).toEqual({ code: 1, out: '', err: { error: FAILED.error } });
  });

  it('reads a password or a pairing key from standard input', async () => {
    const url = await startApi(CLONING);
    await runCli(url, 'clone https://shop.example -u admin --password-stdin --no-wait', { input: 'from stdin\nmore\n' });
    await runCli(url, 'clone https://shop.example --pairing-key-stdin --no-wait', { input: 'abc' });
    const sources = api.seen.filter(({ method }) => method === 'POST').map(({ body }) => (body as { source: object }).source);
    expect(sources).toEqual([
      { url: 'https://shop.example', username: 'admin', password: 'from stdin' },
      { url: 'https://shop.example', pairingKey: 'abc' },
    ]);
  });

  it('asks somebody at a terminal for the password, without showing it', async () => {
    const ran = await runCli(await startApi(CLONING), 'clone https://shop.example -u admin --no-wait', {
      ...{ isTTY: true, input: 'typed-in\n' },
    });
    expect(ran).toMatchObject({ code: 0, err: expect.stringContaining('Password of admin?') });
    expect(ran.err + ran.out).not.toContain('typed-in');
    expect(api.seen[0]?.body).toMatchObject({ source: { password: 'typed-in' } });
  });

  it('ends with 130 at Ctrl-C, while the job goes on', async () => {
    const interrupt = new AbortController();
    const url = await startApi({
      ...CLONING,
      'GET /api/v1/jobs/clone-1/events': (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n');
        setTimeout(() => interrupt.abort(), 20);
      },
    });
    const ran = await runCli(url, 'clone https://shop.example', { signal: interrupt.signal });
    expect(ran.code).toBe(130);
    expect(ran.err).toContain(`The job ${JOB.id} goes on. (cli.interrupted)`);
    expect(ran.err).toContain(`clone-restore jobs follow ${JOB.id}`);
    expect(api.seen.some(({ path }) => path.endsWith('/cancel'))).toBe(false);
  });
});

describe('restore', () => {
  const RESTORE = `restore-${'0'.repeat(32)}`;
  const report = {
    ...{ dryRun: true, tables: [{ name: 'wp_posts', how: 'rows', inserted: 1, updated: 2, deleted: 0 }], tablesUnchanged: 11 },
    ...{ rowsWritten: 3, files: { sent: 4, removed: 0, unchanged: 900, kept: 2 }, bytesMoved: 12, replacements: 6 },
    plugins: { preserved: [{ name: 'woocommerce', version: '9.1' }], changed: [] },
    themes: { preserved: [], changed: [{ name: 'storefront', version: '4.6' }] },
    targetChanges: [
      { kind: 'order', what: '#1042', change: 'new', lost: false },
      { kind: 'post', what: '\u001b[2JHello', change: 'changed', lost: true },
    ],
    ...{ targetChangesTotal: 2, integrity: 'none', warnings: ['Odd.'], timings: {}, maintenanceMs: 0, restorePointUntil: null },
  };
  const restore = {
    ...{ id: RESTORE, status: 'completed', target: { url: 'https://live.example' }, createdAt: JOB.createdAt, jobId: RESTORE },
    ...{ restorePointUntil: null, report },
  };
  const RESTORING: Replies = {
    'POST /api/v1/restores': [202, { restore: { id: RESTORE, status: 'queued' }, job: { id: RESTORE } }],
    [`GET /api/v1/jobs/${RESTORE}/events`]: events({ event: 'completed', data: { ...ENDED, id: RESTORE, restoreId: RESTORE } }),
    [`GET /api/v1/restores/${RESTORE}`]: [200, restore],
  };
  const line = `restore ${CLONE_ID} https://live.example`;
  const asked = () =>
    api.seen.filter(({ method }) => method === 'POST').map(({ body }) => (body as { dryRun?: true }).dryRun ?? false);

  it('shows what would be done, asks, and does it after a yes', async () => {
    const ran = await runCli(await startApi(RESTORING), line, { isTTY: true, input: 'y\n' });
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('What a restore would do to https://live.example');
    expect(ran.err).toContain('1 new, 2 changed, 0 removed (1 tables of 12)');
    expect(ran.err).toContain('replaced: storefront 4.6');
    expect(ran.err).toContain('new order #1042: stays');
    expect(ran.err).toContain('would be lost');
    expect(ran.err).not.toContain('\u001b[2J');
    expect(asked()).toEqual([true, false]);
  });

  it('changes nothing after anything else', async () => {
    const ran = await runCli(await startApi(RESTORING), line, { isTTY: true, input: '\n' });
    expect(ran).toMatchObject({ code: 0, out: 'Nothing was changed.\n' });
    expect(asked()).toEqual([true]);
  });

  it('wants to be told when nobody can be asked', async () => {
    const url = await startApi(RESTORING);
    expect(await runCli(url, line)).toMatchObject({ code: 2, err: expect.stringContaining('--yes, or --dry-run') });
    expect(await runCli(url, `${line} --json`, { isTTY: true })).toMatchObject({ code: 2 });
    expect(asked()).toEqual([]);
    expect(await runCli(url, `${line} --yes --json`)).toMatchObject({ code: 0 });
    expect(await runCli(url, `${line} --dry-run --json`)).toMatchObject({ code: 0 });
    expect(asked()).toEqual([false, true]);
  });

  it('passes on what shall stay and what may be lost', async () => {
    const options = '--yes --no-preserve-plugins --preserve-themes --overwrite-target-changes --no-verify-integrity';
    await runCli(await startApi(RESTORING), `${line} ${options}`);
    expect(api.seen[0]?.body).toMatchObject({
      ...{
        preservePlugins: false,
        preserveThemes: true,
        preserveUploads: false,
        verifyIntegrity: false,
        overwriteTargetChanges: true,
      },
    });
  });

  it('that is refused because the live site has changed shows these changes', async () => {
    const error = { code: 'restore.target_changed', message: 'It has changed.', hint: 'Look.' };
    const ran = await runCli(
      await startApi({
        ...RESTORING,
        [`GET /api/v1/jobs/${RESTORE}/events`]: events({
          event: 'failed',
          data: { ...JOB, id: RESTORE, status: 'failed', error },
        }),
      }),
      `${line} --yes`,
    );
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('new order #1042') });
  });
});

describe('the exit code is', () => {
  it.each([
    ['2 for a command there is not', 'paint', 2],
    ['2 for an option there is not', 'clones --blue', 2],
    ['2 for an option that cannot be read', 'clone https://shop.example --ttl soon', 2],
    ['2 for two options that exclude each other', `extend ${CLONE_ID} --ttl 1h --until 2030-01-01T00:00:00Z`, 2],
    ['2 for a password of nobody', 'clone https://shop.example --password-stdin', 2],
    ['2 when nobody can be asked for a password', 'clone https://shop.example -u admin', 2],
    ['0 for help', '--help', 0],
  ])('%s', async (_what, line, code) => {
    const ran = await runCli(await startApi({}), line);
    expect(ran.code, ran.err).toBe(code);
    if (code === 2) {
      expect(ran.err).not.toBe('');
      const scripted = await runCli(api.url, `${line} --json`);
      expect(JSON.parse(scripted.err)).toMatchObject({ error: { code: 'cli.usage' } });
    }
    expect(api.seen).toEqual([]);
  });

  it.each([
    ['3 for a key nobody knows', refusal(401, 'auth.invalid'), 3],
    ['3 for a key that may not', refusal(403, 'auth.forbidden'), 3],
    ['1 for a call that fails', refusal(409, 'clone.ended'), 1],
    ['4 for a service that cannot serve', refusal(503, 'queue.unavailable'), 4],
    ['4 for something that is not the service', page(200), 4],
    ['4 for a redirect: the key goes nowhere else', page(302, { location: '/login' }), 4],
  ] as const)('%s', async (_what, reply, code) => {
    const ran = await runCli(await startApi({ 'GET /api/v1/clones': reply }), 'clones --json');
    expect(ran).toMatchObject({ code, out: '' });
    expect(JSON.parse(ran.err)).toHaveProperty('error.hint');
  });

  it('4 when nobody is there', async () => {
    const ran = await runCli('http://127.0.0.1:1', 'clones');
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining('does not answer') });
  });

  it('2 when it is not known where the service is, or with which key', async () => {
    const ran = await runCli('', 'clones');
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('WCR_API_URL') });
    const keyless = await runCli('http://127.0.0.1:1', 'clones', { env: { WCR_API_KEY: '' } });
    expect(keyless).toMatchObject({ code: 2, err: expect.stringContaining('WCR_API_KEY') });
  });
});

describe('lists', () => {
  it('follow the pages as far as asked', async () => {
    const part = (nextCursor: string | null) => [200, { clones: [CLONE], nextCursor }] as const;
    const url = await startApi({ 'GET /api/v1/clones': [part('more'), part(null)] });
    const ran = await runCli(url, 'clones --limit 7');
    expect(ran.out.split('\n').map((line) => line.split('  ')[0])).toEqual(
      ['CLONE', CLONE_ID, CLONE_ID, ''].map((text) => text.split('  ')[0]),
    );
    expect(api.seen.map(({ path }) => path)).toEqual(['/api/v1/clones?limit=7', '/api/v1/clones?limit=6&cursor=more']);
  });
});

describe('webhooks', () => {
  it('are listed with every attempt, and their secret is printed alone', async () => {
    const attempts = [{ at: '2030-01-31T12:00:00.000Z', ms: 3, status: 503, code: 'webhook.rejected' }];
    const delivery = {
      id: 'webhook-1',
      type: 'job.completed',
      status: 'waiting',
      queuedAt: '2030-01-31T12:00:00.000Z',
      attempts,
    };
    const url = await startApi({
      'GET /api/v1/jobs/clone-1/deliveries': [200, { deliveries: [delivery] }],
      'POST /api/v1/webhook-secret': [201, { secret: 'whsec_abc', previousUntil: '2030-02-01T12:00:00.000Z' }],
    });
    expect((await runCli(url, 'webhooks clone-1')).out).toMatch(
      /webhook-1 +job.completed +waiting +2030\S+ +503 webhook.rejected/,
    );
    expect(await runCli(url, 'webhooks secret')).toMatchObject({
      code: 0,
      out: 'whsec_abc\n',
      err: expect.stringContaining('2030-02-01'),
    });
  });
});
