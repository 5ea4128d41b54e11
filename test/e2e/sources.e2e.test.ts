import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { probeIsolation } from '@wcr/gateway/php/isolation';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { LocalRecordFile, localClonePaths } from '@wcr/shared/contracts/local-clone';
import { findCloneProblems } from '@wcr/stack/demo/check-clone';
import { findFreePort } from '@wcr/stack/services/process';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFlakyLine } from '../support/broken-sources.ts';
import {
  awaitEnd,
  awaitJob,
  type CloneView,
  makeClone,
  readClone,
  readCredentials,
  readJobLog,
  requestClone,
  until,
} from '../support/clone-flow.ts';
import { probeClone, type ReachingOut, readAdminPage, readPasswords, tryToReachOut } from '../support/clone-probe.ts';
import { findLeftovers } from '../support/leftovers.ts';
import {
  databaseOf,
  findDifferences,
  installPluginByHand,
  loginOf,
  pluginVersionOf,
  type Source,
  startSource,
  startSourceBehind,
} from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const BASIC_AUTH = { username: 'staging', password: 'Süß & "geheim": 1' };
const basicHeader = () => `Basic ${Buffer.from(`${BASIC_AUTH.username}:${BASIC_AUTH.password}`).toString('base64')}`;

/** What is said of every sample: neighbours in its database, values at the edge of their types, drop-ins. */
const EXPECTED_WARNINGS = /belongs to another WordPress|Out of range value|is parked in the clone$/;

/** Every kind of source, and what a request for its clone names. */
const KINDS = {
  'a site below a folder': { site: { pathPrefix: '/blog' } },
  'a site with plain permalinks': { site: { permalinks: false } },
  'a site behind HTTP Basic authentication': {
    site: { basicAuth: BASIC_AUTH },
    more: { httpAuth: BASIC_AUTH },
    headers: { authorization: basicHeader() },
  },
  'a site with another table prefix': { site: { prefix: 'Wp7_' } },
  'a site with another WordPress': { site: { version: '6.5' } },
  'a site with little database rights': {
    site: { rights: 'plain' },
    lost: ['shop_best', 'shop_totals', 'shop_orders_placed', 'shop_orders_changed'],
  },
} as const satisfies Record<string, object>;
type Kind = keyof typeof KINDS;
type Details = {
  site: object;
  more?: object;
  headers?: Readonly<Record<string, string>>;
  /** Views and triggers that cannot be copied. */
  lost?: readonly string[];
};

let stack: TestStack;
const sources = new Map<string, Source>();

beforeAll(async () => {
  stack = await startTestStack({
    env: { WCR_WORKER_CONCURRENCY: '5', WCR_SWEEP_SECONDS: '2', WCR_SWEEP_GRACE_SECONDS: '2' },
  });
});

afterAll(async () => {
  await Promise.all([...sources.values()].map((source) => source.stop()));
  await stack?.[Symbol.asyncDispose]();
});

async function sourceOf(name: string, site: object = {}): Promise<Source> {
  const source = sources.get(name) ?? (await startSource(stack, name.replaceAll(/\W+/g, '-'), site));
  sources.set(name, source);
  return source;
}

/** What the runtime itself knows of a clone. */
function recordOf(cloneId: string): CloneRecord {
  const { record } = localClonePaths(stack.localDir, cloneId);
  return LocalRecordFile.parse(JSON.parse(readFileSync(record, 'utf8'))).record;
}

async function expectFaithful(source: Source, clone: CloneView, details: Partial<Details> = {}): Promise<void> {
  const { headers, lost } = details;
  const credentials = await readCredentials(stack, clone.id);
  const checked = { cloneUrl: clone.url, sourceUrl: source.url, credentials, ...(headers && { sourceHeaders: headers }) };
  expect(await findCloneProblems(checked)).toEqual([]);
  expect(await findDifferences(stack, source, clone, { copiesViews: lost === undefined })).toEqual([]);
}

describe('clones of different sites, all at once', () => {
  const clones = new Map<Kind, { source: Source; cloneId: string; jobId: string }>();
  const kinds = Object.entries(KINDS) as [Kind, Details][];

  beforeAll(async () => {
    const made = await Promise.all(kinds.map(async ([kind, { site }]) => [kind, await sourceOf(kind, site)] as const));
    await Promise.all(
      made.map(async ([kind, source]) => {
        const { more } = KINDS[kind] as Details;
        const asked = await requestClone(stack, { source: { ...loginOf(source), ...more }, ttlMinutes: 60 });
        clones.set(kind, { source, ...asked });
      }),
    );
  });

  it.each(kinds)('%s is copied faithfully', async (kind, details) => {
    const asked = clones.get(kind);
    if (asked === undefined) throw new Error('nobody asked for this clone');
    const job = await awaitJob(stack, asked.jobId);
    expect(job.error).toBeUndefined();
    expect(job.status).toBe('completed');
    const lost = (job.result?.warnings ?? []).filter((warning) => !EXPECTED_WARNINGS.test(warning));
    expect(lost.map((warning) => warning.split(' ')[0]?.slice(asked.source.prefix.length))).toEqual(details.lost ?? []);
    await expectFaithful(asked.source, await readClone(stack, asked.cloneId), details);
  });
});

describe('a source that has our plugin already', () => {
  it('needs no password where the plugin was installed by hand', async () => {
    const source = await sourceOf('paired');
    const pairingKey = await installPluginByHand(stack, source);
    const clone = await makeClone(stack, { source: { url: source.url, pairingKey } });
    await expectFaithful(source, clone);
    expect(await readJobLog(stack, clone.jobId)).not.toContain('wp-admin');
    expect(stack.readLogs()).not.toContain(pairingKey);
  });

  it('gets our version where its own is older', async () => {
    const source = await sourceOf('outdated');
    await installPluginByHand(stack, source, '0.0.1');
    expect(await pluginVersionOf(source)).toBe('0.0.1');
    const clone = await makeClone(stack, { source: loginOf(source) });
    expect(await readJobLog(stack, clone.jobId)).toContain('updated');
    expect(await pluginVersionOf(source)).not.toBe('0.0.1');
    await expectFaithful(source, clone);
  });

  it('is cloned again without a login, with the key of the first time', async () => {
    const source = await sourceOf('outdated');
    const clone = await makeClone(stack, { source: { url: source.url } });
    expect(await readJobLog(stack, clone.jobId)).not.toContain('logged in');
    await expectFaithful(source, clone);
  });
});

it('a source whose connections break again and again is copied faithfully', async () => {
  const port = await findFreePort();
  const source = await startSourceBehind(stack, 'flaky', port);
  sources.set('flaky', source);
  using line = await startFlakyLine({ port, to: () => source.port, afterBytes: 600_000 });
  const pairingKey = await installPluginByHand(stack, source);
  const clone = await makeClone(stack, { source: { url: source.url, pairingKey } });
  expect(line.cuts()).toBeGreaterThan(3);
  expect(await findDifferences(stack, source, clone)).toEqual([]);
});

describe('the life of a clone', () => {
  const make = async () => makeClone(stack, { source: { url: (await sourceOf('outdated')).url } });
  const patch = (cloneId: string, body: object) => stack.call<CloneView>('PATCH', `/api/v1/clones/${cloneId}`, body);

  it('ends with DELETE, and nothing is left', async () => {
    const clone = await make();
    expect(await findLeftovers(stack, [clone.id])).not.toEqual([]);
    expect((await stack.call('DELETE', `/api/v1/clones/${clone.id}`)).status).toBe(202);
    await awaitEnd(stack, clone.id);
    expect(await findLeftovers(stack, [clone.id])).toEqual([]);
    expect((await fetch(clone.url)).status).toBeGreaterThanOrEqual(404);
    expect((await stack.call('GET', `/api/v1/clones/${clone.id}/credentials`)).status).toBe(409);
  });

  it('ends by itself when it was short', async () => {
    const clone = await make();
    const expiresAt = new Date(Date.now() + 2_000).toISOString();
    expect(await patch(clone.id, { expiresAt })).toMatchObject({ status: 200, body: { expiresAt } });
    await awaitEnd(stack, clone.id);
    expect(await findLeftovers(stack, [clone.id])).toEqual([]);
  });

  it('is longer when asked, and outlives the loss of everything in Redis', async () => {
    const clone = await make();
    const before = await readCredentials(stack, clone.id);
    const { body: extended } = await patch(clone.id, { ttlMinutes: 600 });
    expect(Date.parse(extended.expiresAt)).toBeGreaterThan(Date.parse(clone.expiresAt));
    // The expiry is the runtime's to keep: its own record must have it before Redis loses everything.
    await until(async () => (recordOf(clone.id).expiresAt === Date.parse(extended.expiresAt) ? true : undefined));
    const redis = new Redis(stack.redisUrl);
    await redis.flushdb();
    redis.disconnect();
    await until(async () => {
      const { status } = await stack.call('GET', `/api/v1/clones/${clone.id}/credentials`);
      return status === 200 ? true : undefined;
    });
    expect(await readCredentials(stack, clone.id)).toEqual(before);
    expect(await readClone(stack, clone.id)).toMatchObject({ status: 'ready', url: clone.url, expiresAt: extended.expiresAt });
    await stack.call('DELETE', `/api/v1/clones/${clone.id}`);
    await awaitEnd(stack, clone.id);
    expect(await findLeftovers(stack, [clone.id])).toEqual([]);
  });
});

describe('a finished clone keeps to itself', () => {
  let source: Source;
  let clone: CloneView;
  let answers: ReachingOut;
  const reached: string[] = [];
  const outside = createServer((socket) => {
    reached.push('a connection');
    socket.end();
  });
  const site = () => join(stack.localDir, clone.id, 'site');

  beforeAll(async () => {
    source = await sourceOf('outdated');
    clone = await makeClone(stack, { source: loginOf(source) });
    await once(outside.listen(0, '127.0.0.1'), 'listening');
    const { port } = outside.address() as AddressInfo;
    answers = await tryToReachOut(stack, clone, port);
  });
  afterAll(() => outside.close());

  it('puts mail into a folder', () => {
    const folder = join(site(), 'wp-content/wcr-mail');
    const mails = readdirSync(folder).filter((name) => name.endsWith('.eml'));
    expect(mails.map((name) => readFileSync(join(folder, name), 'utf8')).join('')).toContain('Subject: Subject 4711');
    expect(answers).toMatchObject({ mail: true, sendmail: '/bin/true' });
  });

  it('says that it is a staging site, and runs nothing on a schedule', async () => {
    expect(answers).toMatchObject({ environment: 'staging', cron: true, due: 0 });
    await (await fetch(new URL('wp-cron.php?doing_wp_cron', clone.url))).text();
    const event = await probeClone<{ next: number | false }>(
      stack,
      clone,
      `$answer['next'] = wp_next_scheduled( 'probe_event' );`,
    );
    expect(event.next).toEqual(expect.any(Number));
  });

  it('calls nobody', async () => {
    expect(answers.calls).toEqual(['wcr_clone_http_blocked', 'wcr_clone_http_blocked']);
    const { network } = await probeIsolation({ isRoot: process.getuid?.() === 0, wantsNetwork: true });
    expect(reached).toEqual(network === undefined ? ['a connection'] : []);
  });

  it('keeps search engines away', async () => {
    const page = await fetch(clone.url);
    expect(page.headers.get('x-robots-tag')).toContain('noindex');
    expect(await page.text()).toMatch(/<meta name='robots' content='[^']*noindex/);
  });

  it('tells its users what it is and until when', async () => {
    const html = await readAdminPage(clone, await readCredentials(stack, clone.id));
    expect(html).toContain(`This is a clone of ${new URL(source.url).host}.`);
    expect(html).toMatch(/It expires at [^<]+ \(in [^<]+\)/);
  });

  it('has the source’s users with their own passwords', async () => {
    const before = await readPasswords(stack, source.database.name, source.prefix);
    expect(before.length).toBeGreaterThan(1);
    expect((await readPasswords(stack, databaseOf(clone.id), source.prefix)).slice(0, before.length)).toEqual(before);
  });

  it('has parked what speaks to the source’s caches', () => {
    const names = readdirSync(join(site(), 'wp-content'));
    expect(names).toEqual(expect.arrayContaining(['object-cache.php.wcr-parked', 'advanced-cache.php.wcr-parked']));
    expect(names).not.toContain('object-cache.php');
    expect(names).not.toContain('advanced-cache.php');
  });
});
