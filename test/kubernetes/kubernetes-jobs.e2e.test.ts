import { findCloneProblems } from '@wcr/stack/demo/check-clone';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  awaitJob,
  type CloneView,
  makeClone,
  readClone,
  readCredentials,
  readJobLog,
  requestClone,
  until,
} from '../support/clone-flow.ts';
import { type CloneCluster, startCloneCluster } from '../support/kubernetes/clone-cluster.ts';
import { POOL, servedBy, targetsOf, topUp } from '../support/kubernetes/warm-targets.ts';
import { databaseOf, installPluginByHand, loginOf, type Source, startSource } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

/** All pods of the stand-in are processes of one machine; a real cluster, or more patience, takes more: WCR_TEST_CLONES=20. */
const WANTED = process.env['WCR_TEST_CLONES'];

describe.each([
  ['manifests', {}, Number(WANTED ?? 3)],
  ['kro', { WCR_KUBERNETES_PROVISIONING: 'kro' }, Number(WANTED ?? 2)],
])('a stack whose clones are made in a cluster by %s', (_name, env, atOnce) => {
  let cluster: CloneCluster;
  let stack: TestStack;
  let source: Source;
  let clone: CloneView;
  const login = () => loginOf(source);

  beforeAll(async () => {
    cluster = await startCloneCluster(env);
    stack = await startTestStack({ env: { ...cluster.env, WCR_WORKER_CONCURRENCY: '4' } });
    source = await startSource(stack, 'source', { workers: 8 });
    clone = await makeClone(stack, { source: login(), ttlMinutes: 30 });
  });
  afterAll(async () => {
    await source?.stop();
    await stack?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  async function deleteClones(ids: readonly string[]): Promise<void> {
    const jobs = await Promise.all(ids.map((id) => stack.call<{ job: { id: string } }>('DELETE', `/api/v1/clones/${id}`)));
    for (const { body } of jobs) expect(await awaitJob(stack, body.job.id)).toMatchObject({ status: 'completed' });
  }

  it('shows visitors the source’s content at the clone’s address', async () => {
    const credentials = await readCredentials(stack, clone.id);
    expect(await findCloneProblems({ cloneUrl: clone.url, sourceUrl: source.url, credentials })).toEqual([]);
  });

  it('restores what was changed in the clone', async () => {
    const sql = await connectAsRoot(stack.mariaDb, databaseOf(clone.id));
    await sql.query(`UPDATE ${source.prefix}posts SET post_title = 'Changed in the cluster' WHERE ID = 1`);
    await sql.end();
    const { status, body } = await stack.call<{ job: { id: string } }>('POST', '/api/v1/restores', {
      cloneId: clone.id,
      target: login(),
    });
    expect(status).toBe(202);
    const job = await awaitJob(stack, body.job.id);
    expect(job.status, await readJobLog(stack, body.job.id)).toBe('completed');
    const page = await fetch(`${source.url}/?p=1`);
    expect(await page.text()).toContain('Changed in the cluster');
  });

  it('leaves nothing in namespace and database when the clone is deleted', async () => {
    expect(await cluster.findLeftovers(clone.id)).not.toEqual([]);
    await deleteClones([clone.id]);
    expect(await readClone(stack, clone.id)).toMatchObject({ status: 'expired' });
    expect(await cluster.findLeftovers(clone.id)).toEqual([]);
  });

  it(`makes ${atOnce} clones that were asked for at once, and leaves nothing of them`, async () => {
    const asked = await Promise.all(
      Array.from({ length: atOnce }, () => requestClone(stack, { source: login(), ttlMinutes: 30 })),
    );
    for (const { jobId } of asked)
      expect((await awaitJob(stack, jobId)).status, await readJobLog(stack, jobId)).toBe('completed');
    const pages = await Promise.all(asked.map(async ({ cloneId }) => fetch((await readClone(stack, cloneId)).url)));
    expect(pages.map(({ status }) => status)).toEqual(asked.map(() => 200));
    const ids = asked.map(({ cloneId }) => cloneId);
    await deleteClones(ids);
    expect(await cluster.findLeftovers(...ids)).toEqual([]);
    expect(await cluster.findLeftovers()).toEqual([]);
  }, 900_000);
});

it('a clone is given a target that was made ahead, which goes with it, and another is made', async () => {
  await using cluster = await startCloneCluster({ ...POOL, WCR_KUBERNETES_POOL_MIN: '1' });
  await using stack = await startTestStack({ env: { ...cluster.env, WCR_SWEEP_SECONDS: '1' } });
  const source = await startSource(stack, 'source', { workers: 8 });
  try {
    const isReady = async () => (await topUp(cluster.createRuntime({ ...POOL, WCR_KUBERNETES_POOL_MIN: '1' }), 0)).ready === 1;
    await until(async () => (await isReady()) || undefined);
    const [ahead] = await targetsOf(cluster);
    const pairingKey = await installPluginByHand(stack, source);
    const clone = await makeClone(stack, { source: { url: source.url, pairingKey }, ttlMinutes: 30 });
    expect(await servedBy(cluster, clone.id)).toBe(ahead?.name);
    const credentials = await readCredentials(stack, clone.id);
    expect(await findCloneProblems({ cloneUrl: clone.url, sourceUrl: source.url, credentials })).toEqual([]);
    const next = await until(async () => (await targetsOf(cluster)).find(({ state }) => state === 'warm'));
    expect(next.name).not.toBe(ahead?.name);
    const { body } = await stack.call<{ job: { id: string } }>('DELETE', `/api/v1/clones/${clone.id}`);
    expect(await awaitJob(stack, body.job.id)).toMatchObject({ status: 'completed' });
    expect(await cluster.findLeftovers(clone.id, ahead?.name ?? '')).toEqual([]);
  } finally {
    await source.stop();
  }
});
