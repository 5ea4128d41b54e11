import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { probeIsolation } from '@wcr/gateway/php/isolation';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { LocalRecordFile, localClonePaths } from '@wcr/shared/contracts/local-clone';
import { findCloneProblems } from '@wcr/stack/demo/check-clone';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { Redis } from 'ioredis';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awaitJob, type CloneView, makeClone, readJobLog, requestClone, until } from '../support/clone-flow.ts';
import { probeClone, readAdminPage } from '../support/clone-probe.ts';
import { findLeftovers } from '../support/leftovers.ts';
import {
  databaseOf,
  findDifferences,
  installPluginByHand,
  loginOf,
  pluginVersionOf,
  type Source,
  startSource,
} from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

type Credentials = { username: string; password: string; loginUrl: string };

const BASIC_AUTH = { username: 'staging', password: 'Süß & "geheim": 1' };
const basicHeader = () => `Basic ${Buffer.from(`${BASIC_AUTH.username}:${BASIC_AUTH.password}`).toString('base64')}`;

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
  'a site with little database rights': { site: { rights: 'plain' }, copiesViews: false },
} as const satisfies Record<string, object>;
type Kind = keyof typeof KINDS;
type Details = {
  site: object;
  more?: object;
  headers?: Readonly<Record<string, string>>;
  copiesViews?: boolean;
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

async function read(cloneId: string): Promise<CloneView> {
  return (await stack.call<CloneView>('GET', `/api/v1/clones/${cloneId}`)).body;
}

/** What the runtime itself knows of a clone. */
function recordOf(cloneId: string): CloneRecord {
  const { record } = localClonePaths(stack.localDir, cloneId);
  return LocalRecordFile.parse(JSON.parse(readFileSync(record, 'utf8'))).record;
}

async function credentialsOf(cloneId: string): Promise<Credentials> {
  return (await stack.call<Credentials>('GET', `/api/v1/clones/${cloneId}/credentials`)).body;
}

async function expectFaithful(source: Source, clone: CloneView, details: Partial<Details> = {}): Promise<void> {
  const { headers, copiesViews = true } = details;
  const credentials = await credentialsOf(clone.id);
  const checked = { cloneUrl: clone.url, sourceUrl: source.url, credentials, ...(headers && { sourceHeaders: headers }) };
  expect(await findCloneProblems(checked)).toEqual([]);
  expect(await findDifferences(stack, source, clone, { copiesViews })).toEqual([]);
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
    await expectFaithful(asked.source, await read(asked.cloneId), details);
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

describe('the life of a clone', () => {
  const make = async () => makeClone(stack, { source: { url: (await sourceOf('outdated')).url } });
  const awaitEnd = (cloneId: string) => until(async () => ((await read(cloneId)).status === 'expired' ? true : undefined));
  const patch = (cloneId: string, body: object) => stack.call<CloneView>('PATCH', `/api/v1/clones/${cloneId}`, body);

  it('ends with DELETE, and nothing is left', async () => {
    const clone = await make();
    expect(await findLeftovers(stack, [clone.id])).not.toEqual([]);
    expect((await stack.call('DELETE', `/api/v1/clones/${clone.id}`)).status).toBe(202);
    await awaitEnd(clone.id);
    expect(await findLeftovers(stack, [clone.id])).toEqual([]);
    expect((await fetch(clone.url)).status).toBeGreaterThanOrEqual(404);
    expect((await stack.call('GET', `/api/v1/clones/${clone.id}/credentials`)).status).toBe(409);
  });

  it('ends by itself when it was short', async () => {
    const clone = await make();
    const expiresAt = new Date(Date.now() + 2_000).toISOString();
    expect(await patch(clone.id, { expiresAt })).toMatchObject({ status: 200, body: { expiresAt } });
    await awaitEnd(clone.id);
    expect(await findLeftovers(stack, [clone.id])).toEqual([]);
  });

  it('is longer when asked, and outlives the loss of everything in Redis', async () => {
    const clone = await make();
    const before = await credentialsOf(clone.id);
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
    expect(await credentialsOf(clone.id)).toEqual(before);
    expect(await read(clone.id)).toMatchObject({ status: 'ready', url: clone.url, expiresAt: extended.expiresAt });
    await stack.call('DELETE', `/api/v1/clones/${clone.id}`);
    await awaitEnd(clone.id);
    expect(await findLeftovers(stack, [clone.id])).toEqual([]);
  });
});

describe('a finished clone keeps to itself', () => {
  type Answers = { mail: boolean; sendmail: string; environment: string; refused: string[]; cron: boolean; due: number };
  let source: Source;
  let clone: CloneView;
  let answers: Answers;
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
    answers = await probeClone<Answers>(
      stack,
      clone,
      `$answer['mail'] = wp_mail( 'someone@example.com', 'Subject 4711', 'Text' );
      $answer['sendmail'] = ini_get( 'sendmail_path' );
      $answer['environment'] = wp_get_environment_type();
      $answer['refused'] = array();
      foreach ( array( 'http://example.com/', 'https://api.wordpress.org/' ) as $url ) {
        $reply = wp_remote_get( $url );
        if ( is_wp_error( $reply ) ) { $answer['refused'][] = $url; }
      }
      @stream_socket_client( 'tcp://127.0.0.1:${port}', $code, $text, 2 );
      wp_schedule_single_event( time() - 3600, 'probe_event' );
      $answer['cron'] = defined( 'DISABLE_WP_CRON' ) && DISABLE_WP_CRON;
      $answer['due'] = count( wp_get_ready_cron_jobs() );`,
    );
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
    expect(answers.refused).toEqual(['http://example.com/', 'https://api.wordpress.org/']);
    const { network } = await probeIsolation({ isRoot: process.getuid?.() === 0, wantsNetwork: true });
    expect(reached).toEqual(network === undefined ? ['a connection'] : []);
  });

  it('keeps search engines away', async () => {
    const page = await fetch(clone.url);
    expect(page.headers.get('x-robots-tag')).toContain('noindex');
    expect(await page.text()).toMatch(/<meta name='robots' content='[^']*noindex/);
  });

  it('tells its users what it is and until when', async () => {
    const html = await readAdminPage(clone, await credentialsOf(clone.id));
    expect(html).toContain(`This is a clone of ${new URL(source.url).host}.`);
    expect(html).toMatch(/It expires at [^<]+ \(in [^<]+\)/);
  });

  it('has the source’s users with their own passwords', async () => {
    const passwordsIn = async (database: string) => {
      const connection = await connectAsRoot(stack.mariaDb, database);
      const [rows] = await connection.query<RowDataPacket[]>(
        `SELECT user_login, user_pass FROM ${source.prefix}users ORDER BY ID`,
      );
      await connection.end();
      return rows;
    };
    const before = await passwordsIn(source.database.name);
    expect(before.length).toBeGreaterThan(1);
    expect((await passwordsIn(databaseOf(clone.id))).slice(0, before.length)).toEqual(before);
  });

  it('has parked what speaks to the source’s caches', () => {
    const names = readdirSync(join(site(), 'wp-content'));
    expect(names).toEqual(expect.arrayContaining(['object-cache.php.wcr-parked', 'advanced-cache.php.wcr-parked']));
    expect(names).not.toContain('object-cache.php');
    expect(names).not.toContain('advanced-cache.php');
  });
});
