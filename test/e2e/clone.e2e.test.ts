import { join } from 'node:path';
import { findCloneProblems } from '@wcr/stack/demo/check-clone';
import { SAMPLE, startSampleSite } from '@wcr/stack/sites/sample-site';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CloneView, makeClone } from '../support/clone-flow.ts';
import { compareSites } from '../support/compare-sites.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const databaseOf = (cloneId: string) => `wcr_${cloneId.replaceAll('-', '_')}`;

let stack: TestStack;
let source: Awaited<ReturnType<typeof startSampleSite>>;
let clone: CloneView;

beforeAll(async () => {
  stack = await startTestStack();
  source = await startSampleSite({ dir: join(stack.dir, 'source'), mariaDb: stack.mariaDb });
  clone = await makeClone(stack, { source: { url: source.url, ...login(source) }, ttlMinutes: 30 });
});

afterAll(async () => {
  await source?.stop();
  await stack?.[Symbol.asyncDispose]();
});

function login({ admin: { username, password } }: { admin: { username: string; password: string } }) {
  return { username, password };
}

it('shows visitors the source’s content at the clone’s address', async () => {
  const { body: credentials } = await stack.call<{ username: string; password: string; loginUrl: string }>(
    'GET',
    `/api/v1/clones/${clone.id}/credentials`,
  );
  expect(await findCloneProblems({ cloneUrl: clone.url, sourceUrl: source.url, credentials })).toEqual([]);
});

it('differs from the source in nothing but addresses and what a clone has of its own', async () => {
  const differences = await compareSites(
    { url: source.url, dir: source.dir, prefix: source.prefix, db: { server: stack.mariaDb, database: source.database.name } },
    {
      url: clone.url.replace(/\/$/, ''),
      dir: join(stack.localDir, clone.id, 'site'),
      prefix: source.prefix,
      db: { server: stack.mariaDb, database: databaseOf(clone.id) },
    },
    {
      isSiteTable: (name) =>
        name.startsWith(source.prefix) && !SAMPLE.foreignTables.test(name) && !name.startsWith(`${source.prefix}wcr_`),
      foreign: source.addresses.foreign,
    },
  );
  expect(differences).toEqual([]);
});

it('writes no password into any log', () => {
  expect(stack.readLogs()).not.toContain(source.admin.password);
});
