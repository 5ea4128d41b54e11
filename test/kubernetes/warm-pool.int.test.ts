import { AppError } from '@wcr/shared/errors/app-error';
import { createAgentClient } from '@wcr/worker/drivers/agent/agent-client';
import { Patience } from '@wcr/worker/drivers/agent/patience';
import { SourceAgent } from '@wcr/worker/drivers/agent/source-agent';
import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import type { CloneHandle, CloneSpec, Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CloneCluster, startCloneCluster } from '../support/kubernetes/clone-cluster.ts';
import { emptyPool, fillPool, findRemains, POOL, servedBy, targetsOf, topUp } from '../support/kubernetes/warm-targets.ts';

const signal = new AbortController().signal;

let clones: CloneCluster;
beforeAll(async () => {
  clones = await startCloneCluster();
});
afterAll(() => clones?.[Symbol.asyncDispose]());

const made: { runtime: Runtime; cloneId: string }[] = [];
async function ensure(runtime: Runtime, spec: CloneSpec = createCloneSpec()): Promise<CloneHandle> {
  made.push({ runtime, cloneId: spec.record.id });
  return await runtime.ensure(spec, signal);
}
afterEach(async () => {
  const names = [...made.map(({ cloneId }) => cloneId), ...(await targetsOf(clones)).map(({ name }) => name)];
  await Promise.all(made.splice(0).map(({ runtime, cloneId }) => runtime.remove(cloneId, signal)));
  await emptyPool(clones);
  expect(await findRemains(clones, names)).toEqual([]);
});

const unclaimed = async () => (await targetsOf(clones)).filter(({ state }) => state === 'warm');

describe('topping up', () => {
  it('follows the backlog between minimum and maximum, and does nothing when all is well', async () => {
    const runtime = clones.createRuntime({ WCR_KUBERNETES_POOL_MIN: '1', WCR_KUBERNETES_POOL_MAX: '3' });
    expect(await topUp(runtime, 0)).toEqual({ ready: 0, made: 1, removed: 0 });
    await fillPool(runtime, 1);
    expect(await topUp(runtime, 2)).toEqual({ ready: 1, made: 1, removed: 0 });
    expect(await topUp(runtime, 9)).toMatchObject({ made: 1, removed: 0 });
    await fillPool(runtime, 3);
    expect(await topUp(runtime, 9)).toEqual({ ready: 3, made: 0, removed: 0 });
    expect(await topUp(runtime, 0)).toEqual({ ready: 1, made: 0, removed: 2 });
    expect(await unclaimed()).toHaveLength(1);
  });

  it('by two sweepers at once ends with as many as are wanted', async () => {
    const [one, other] = [clones.createRuntime(POOL), clones.createRuntime(POOL)];
    await Promise.all([topUp(one, 2), topUp(other, 2)]);
    await fillPool(one, 2);
    expect(await unclaimed()).toHaveLength(2);
    await Promise.all([topUp(one, 0), topUp(other, 0)]);
    expect(await targetsOf(clones)).toEqual([]);
  });

  it('replaces what is too old, or made of other settings', async () => {
    await fillPool(clones.createRuntime(POOL), 2);
    const first = (await unclaimed()).map(({ name }) => name);
    const bigger = clones.createRuntime({ ...POOL, WCR_KUBERNETES_MEMORY: '300Mi' });
    expect(await topUp(bigger, 2)).toEqual({ ready: 0, made: 2, removed: 2 });
    const second = (await unclaimed()).map(({ name }) => name);
    expect(second.filter((name) => first.includes(name))).toEqual([]);
    await fillPool(bigger, 2);
    const short = clones.createRuntime({ ...POOL, WCR_KUBERNETES_MEMORY: '300Mi', WCR_KUBERNETES_POOL_HOURS: '0.0000001' });
    expect(await topUp(short, 2)).toEqual({ ready: 0, made: 2, removed: 2 });
  });

  it('removes what a clone had claimed that is gone', async () => {
    const runtime = clones.createRuntime(POOL);
    await fillPool(runtime, 1);
    const { record } = await ensure(runtime);
    const target = (await servedBy(clones, record.id)) ?? '';
    expect(await topUp(runtime, 0)).toEqual({ ready: 0, made: 0, removed: 0 });
    await clones.cluster.remove({ kind: 'ConfigMap', name: record.id }, 'Foreground', signal);
    expect(await topUp(runtime, 0)).toEqual({ ready: 0, made: 0, removed: 1 });
    expect(await clones.findLeftovers(target)).toEqual([]);
  });
});

describe('claiming', () => {
  it('by workers at once never gives two clones the same target, nor one target twice', async () => {
    const workers = [clones.createRuntime(POOL), clones.createRuntime(POOL)];
    const [first = clones.createRuntime()] = workers;
    await fillPool(first, 3);
    const names = (await unclaimed()).map(({ name }) => name);
    const handles = await Promise.all([0, 1, 2, 3].map((index) => ensure(workers[index % 2] ?? first)));
    const served = await Promise.all(handles.map(({ record }) => servedBy(clones, record.id)));
    expect(new Set(served).size).toBe(4);
    expect(served.filter((name) => names.includes(name ?? '')).sort()).toEqual(names.sort());
    const [taken] = served;
    await first.remove(handles[0]?.record.id ?? '', signal);
    await fillPool(first, 1);
    const { record } = await ensure(first);
    expect(names).not.toContain(await servedBy(clones, record.id));
    expect(await clones.findLeftovers(taken ?? '')).toEqual([]);
  });

  it('gives a clone its address, its prefix and the character set of its source', async () => {
    const runtime = clones.createRuntime(POOL);
    await fillPool(runtime, 2);
    expect(await runtime.list()).toEqual([]);
    const spec = {
      ...createCloneSpec(),
      tablePrefix: 'shop_',
      databaseCharset: 'latin1',
      databaseCollation: 'latin1_swedish_ci',
    };
    const handle = await ensure(runtime, spec);
    await runtime.awaitReady(spec.record.id, signal);
    expect(await runtime.list()).toEqual([spec.record]);
    expect(await factsOf(handle)).toMatchObject({ wordpress: { home: handle.url }, database: { prefix: 'shop_' } });
    expect(await collationOf(handle.database.name)).toBe('latin1_swedish_ci');
    expect((await fetch(`${handle.url}/`)).status).toBe(503);
    await runtime.update(spec.record.id, { status: 'ready', finishedAt: Date.now() });
    expect((await fetch(`${handle.url}/`)).status).toBe(404);
    expect((await fetch(`${handle.url}-other/`)).status).toBe(404);
  });

  it('does not take a target of other settings', async () => {
    await fillPool(clones.createRuntime(POOL), 1);
    const { record } = await ensure(clones.createRuntime({ ...POOL, WCR_KUBERNETES_MEMORY: '300Mi' }));
    expect(await servedBy(clones, record.id)).toBe(record.id);
  });

  it('is remembered by workers that have no pool any more', async () => {
    const runtime = clones.createRuntime(POOL);
    await fillPool(runtime, 1);
    const spec = createCloneSpec();
    const handle = await ensure(runtime, spec);
    const later = clones.createRuntime();
    expect(await later.ensure(spec, signal)).toEqual(handle);
    await later.awaitReady(spec.record.id, signal);
    await emptyPool(clones);
    expect(await later.open(spec.record.id)).toEqual(handle);
  });
});

it.each([{ WCR_KUBERNETES_PROVISIONING: 'kro' }, { WCR_KUBERNETES_DATABASE: 'dedicated' }])(
  'there is no pool with %o, and whoever asks for one is told',
  (env) => {
    expect(clones.createRuntime(env).pool).toBeUndefined();
    expect(() => clones.createRuntime({ ...env, ...POOL })).toThrow('WCR_KUBERNETES_POOL_MAX');
  },
);

async function factsOf({ agentUrl, pairingKey }: CloneHandle) {
  const client = createAgentClient({ url: agentUrl, transport: 'standalone', pairingKey });
  const exhausted = (reason: string) => new AppError('runtime.failed', { reason });
  const patience = () => new Patience({ totalMs: 30_000, signal, exhausted, log: () => undefined });
  return await new SourceAgent(client, { patience, signal, compress: false }).facts();
}

async function collationOf(schema: string): Promise<unknown> {
  const connection = await createConnection({ uri: clones.env['WCR_DATABASE_URL'] ?? '' });
  try {
    const sql = 'SELECT DEFAULT_COLLATION_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?';
    const [rows] = await connection.query<RowDataPacket[]>(sql, [schema]);
    return rows[0]?.['name'];
  } finally {
    connection.destroy();
  }
}
