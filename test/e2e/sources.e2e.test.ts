import { readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  type JobView,
  makeClone,
  readClone,
  readCredentials,
  readJobLog,
  requestClone,
  until,
} from '../support/clone-flow.ts';
import { findLeftovers } from '../support/leftovers.ts';
import { readRedis } from '../support/read-redis.ts';
import {
  findDifferences,
  installPluginByHand,
  LONG_VALUES,
  loginOf,
  pairingKeyOf,
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
  'a site below a folder': { site: { version: 'debian', pathPrefix: '/blog' } },
  'a site with plain permalinks and another table prefix': { site: { permalinks: false, prefix: 'Wp7_' } },
  'a site behind HTTP Basic authentication': {
    site: { basicAuth: BASIC_AUTH },
    more: { httpAuth: BASIC_AUTH },
    headers: { authorization: basicHeader() },
  },
  'a site on a cheap host': {
    site: {
      ...LONG_VALUES,
      workers: 2,
      ini: { memory_limit: '64M', max_execution_time: '10', post_max_size: '2M', upload_max_filesize: '2M' },
    },
  },
  'a site with an older WordPress': { site: { version: '6.2' } },
} as const satisfies Record<string, object>;
type Kind = keyof typeof KINDS;
type Details = {
  site: object;
  more?: object;
  headers?: Readonly<Record<string, string>>;
};

/** Views and triggers of the sample, which a database user with little rights may not make. */
const WANTS_RIGHTS = ['shop_best', 'shop_totals', 'shop_orders_placed', 'shop_orders_changed'];

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
  const source = sources.get(name) ?? (await startSource(stack, name.replaceAll(/[^\w/]+/g, '-'), site));
  sources.set(name, source);
  return source;
}

/** What the runtime itself knows of a clone. */
function recordOf(cloneId: string): CloneRecord {
  const { record } = localClonePaths(stack.localDir, cloneId);
  return LocalRecordFile.parse(JSON.parse(readFileSync(record, 'utf8'))).record;
}

/** What a clone's job warns of not having copied. */
function lostIn({ result }: JobView, { prefix }: Source): (string | undefined)[] {
  const lost = (result?.warnings ?? []).filter((warning) => !EXPECTED_WARNINGS.test(warning));
  return lost.map((warning) => warning.split(' ')[0]?.slice(prefix.length));
}

async function expectFaithful(
  source: Source,
  clone: CloneView,
  { headers, copiesViews = true }: Pick<Details, 'headers'> & { copiesViews?: boolean } = {},
): Promise<void> {
  const credentials = await readCredentials(stack, clone.id);
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
    expect(lostIn(job, asked.source)).toEqual([]);
    await expectFaithful(asked.source, await readClone(stack, asked.cloneId), details);
  });
});

describe('a source that has our plugin already', () => {
  it('needs no password where the plugin was installed by hand; also with little rights, and wp-config.php above the root', async () => {
    const source = await sourceOf('paired/site', { rights: 'plain' });
    renameSync(join(source.dir, 'wp-config.php'), join(dirname(source.dir), 'wp-config.php'));
    const pairingKey = await installPluginByHand(stack, source);
    const { job, ...clone } = await makeClone(stack, { source: { url: source.url, pairingKey } });
    expect(lostIn(job, source)).toEqual(WANTS_RIGHTS);
    await expectFaithful(source, clone, { copiesViews: false });
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

it('two clones of a site nobody has cloned before may be asked for at once', async () => {
  const source = await sourceOf('twice');
  const asked = await Promise.all([1, 2].map(() => requestClone(stack, { source: loginOf(source) })));
  for (const { cloneId, jobId } of asked) {
    const { status, error } = await awaitJob(stack, jobId);
    expect({ status, error }).toEqual({ status: 'completed' });
    await expectFaithful(source, await readClone(stack, cloneId));
  }
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

it('no secret of a source or a clone stands in a log or in Redis', async () => {
  const page = await stack.call<{ clones: CloneView[] }>('GET', '/api/v1/clones?limit=100');
  const logins = await Promise.all(page.body.clones.map(({ id }) => readCredentials(stack, id)));
  const keys = await Promise.all([...sources.values()].map(({ dir }) => pairingKeyOf(dir)));
  const passwords = [...sources.values()].flatMap(({ admin, database }) => [admin.password, database.password]);
  const secrets = [...logins.map(({ password }) => password), ...keys, ...passwords, BASIC_AUTH.password, basicHeader().slice(6)];
  expect(secrets.length).toBeGreaterThan(30);
  const places = { logs: stack.readLogs(), redis: await readRedis(stack.redisUrl) };
  for (const [place, text] of Object.entries(places)) {
    expect(text).toContain(page.body.clones[0]?.id);
    expect(
      secrets.filter((secret) => text.includes(secret)),
      place,
    ).toEqual([]);
  }
});

describe('the life of a clone', () => {
  const make = async () => makeClone(stack, { source: { url: (await sourceOf('outdated')).url } });
  const readyClones = async () => {
    const { body } = await stack.call<{ clones: CloneView[] }>('GET', '/api/v1/clones?limit=100');
    return body.clones.filter(({ status }) => status === 'ready').map(({ id, expiresAt }) => ({ id, expiresAt }));
  };
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
    const ready = await readyClones();
    const redis = new Redis(stack.redisUrl);
    await redis.flushdb();
    redis.disconnect();
    await until(async () => {
      const { status } = await stack.call('GET', `/api/v1/clones/${clone.id}/credentials`);
      return status === 200 ? true : undefined;
    });
    await until(async () => ((await readyClones()).length === ready.length ? true : undefined));
    expect(await readyClones()).toEqual(ready);
    expect(await readCredentials(stack, clone.id)).toEqual(before);
    expect(await readClone(stack, clone.id)).toMatchObject({ status: 'ready', url: clone.url, expiresAt: extended.expiresAt });
    await stack.call('DELETE', `/api/v1/clones/${clone.id}`);
    await awaitEnd(stack, clone.id);
    expect(await findLeftovers(stack, [clone.id])).toEqual([]);
  });
});
