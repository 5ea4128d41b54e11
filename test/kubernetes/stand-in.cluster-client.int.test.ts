import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster } from '@wcr/worker/drivers/cluster/cluster';
import type { Cluster, Manifest } from '@wcr/worker/drivers/cluster/cluster.types';
import { connectCluster } from '@wcr/worker/drivers/cluster/connection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../support/kubernetes/faults.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes/start-api-server.ts';

const signal = new AbortController().signal;
const dir = mkdtempSync(join(tmpdir(), 'wcr-cluster-client-'));
const PATIENCE_MS = 20_000;
let server: ApiServer;
let cluster: Cluster;

/** @param url another way to the same server */
function clusterOf(kubeconfig: string, options: { url?: string; patienceMs?: number } = {}): Cluster {
  const file = join(dir, randomBytes(4).toString('hex'));
  writeFileSync(file, options.url ? kubeconfig.replaceAll(server.url, options.url) : kubeconfig, { mode: 0o600 });
  return createCluster(() => connectCluster(file), 'default', options.patienceMs ?? PATIENCE_MS);
}

beforeAll(async () => {
  server = await startApiServer();
  cluster = clusterOf(server.kubeconfig);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const configMap = (name: string, data: Record<string, string> = {}): Manifest => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
  data,
});
const newName = () => `map-${randomBytes(4).toString('hex')}`;
const dataOf = async (name: string) => (await cluster.read({ kind: 'ConfigMap', name }, signal))?.['data'];

const PASSING: [name: string, fault: Fault][] = [
  ['asks for less haste (429)', { type: 'status', code: 429, retryAfterSeconds: 0 }],
  ['fails (500)', { type: 'status', code: 500 }],
  ['is not there (503)', { type: 'status', code: 503 }],
  ['loses the connection before it has done anything', { type: 'reset', when: 'before' }],
  ['has done it and loses the connection before it says so', { type: 'reset', when: 'after' }],
];

describe.each(PASSING)('a control plane that %s', (_name, fault) => {
  it('is asked again, and everything is done once', async () => {
    const name = newName();
    const once = async <T>(work: () => Promise<T>): Promise<T> => {
      using order = server.faults.inject({ name }, fault);
      const answer = await work();
      expect(order.hits).toBe(1);
      return answer;
    };
    using creation = server.faults.inject({ verb: 'create', resource: 'configmaps' }, fault);
    await cluster.create(configMap(name, { a: '1' }), signal);
    expect(creation.hits).toBe(1);
    await once(() => cluster.apply(configMap(name, { a: '2' }), signal));
    expect(await dataOf(name)).toEqual({ a: '2' });
    await once(() => cluster.patch({ kind: 'ConfigMap', name }, { data: { b: '3' } }, signal));
    expect(await once(() => dataOf(name))).toEqual({ a: '2', b: '3' });
    await once(() => cluster.remove({ kind: 'ConfigMap', name }, 'Background', signal));
    expect(await dataOf(name)).toBeUndefined();
  });
});

describe('a watch', () => {
  it.each<[string, Fault]>([
    ['ends', { type: 'end-watch', afterEvents: 0 }],
    ['is cut off', { type: 'cut-watch', afterEvents: 0 }],
    ['is cut off within an event', { type: 'truncate-watch', afterEvents: 0 }],
    ['is refused', { type: 'status', code: 500 }],
  ])('that %s is gone on with', async (_what, fault) => {
    const name = newName();
    await cluster.create(configMap(name), signal);
    using order = server.faults.inject({ verb: 'watch', resource: 'configmaps' }, fault, { times: 2 });
    const seen = cluster.awaitState(
      { kind: 'ConfigMap', name },
      ([map]) => (map?.['data'] as { done?: string } | undefined)?.done,
      {
        ...{ signal, limitMs: 60_000 },
      },
    );
    await order.reached;
    await cluster.apply(configMap(name, { done: 'yes' }), signal);
    expect(await seen).toBe('yes');
  });

  it('whose history the server has forgotten begins with a new list', async () => {
    const name = newName();
    await cluster.create(configMap(name), signal);
    using order = server.faults.inject({ verb: 'watch', resource: 'configmaps' }, { type: 'end-watch', afterEvents: 0 });
    const seen = cluster.awaitState({ kind: 'ConfigMap', name }, (maps) => (maps.length === 0 ? 'gone' : undefined), {
      ...{ signal, limitMs: 60_000 },
    });
    await order.reached;
    await cluster.remove({ kind: 'ConfigMap', name }, 'Background', signal);
    server.compact();
    expect(await seen).toBe('gone');
  });

  it('ends without an answer when its time is up, and with the reason when its job is aborted', async () => {
    const wait = (limitMs: number, job: AbortSignal) =>
      cluster.awaitState({ kind: 'ConfigMap', name: newName() }, () => undefined, { signal: job, limitMs });
    expect(await wait(300, signal)).toBeUndefined();
    await expect(wait(60_000, AbortSignal.timeout(200))).rejects.toThrow('aborted due to timeout');
  });

  it('hands on what the caller makes of an object', async () => {
    const name = newName();
    const seen = cluster.awaitState(
      { kind: 'ConfigMap', name },
      ([map]) => {
        if (map) throw new Error('not what was hoped for');
      },
      { signal, limitMs: 60_000 },
    );
    await Promise.all([cluster.create(configMap(name), signal), expect(seen).rejects.toThrow('not what was hoped for')]);
  });
});

describe('what is not passing', () => {
  it('is told: a changed object, one that is there already, and one that is not', async () => {
    const name = newName();
    const made = await cluster.create(configMap(name), signal);
    expect(await cluster.create(configMap(name), signal)).toBeUndefined();
    await cluster.patch({ kind: 'ConfigMap', name }, { data: { by: 'somebody else' } }, signal);
    const { resourceVersion } = made?.metadata ?? {};
    expect(await cluster.patch({ kind: 'ConfigMap', name }, { metadata: { resourceVersion } }, signal)).toBe('conflict');
    expect(await cluster.patch({ kind: 'ConfigMap', name: newName() }, {}, signal)).toBeUndefined();
    await expect(cluster.remove({ kind: 'ConfigMap', name: newName() }, 'Foreground', signal)).resolves.toBeUndefined();
  });

  it('has a name: no right, a wrong object, nobody there', async () => {
    const stranger = clusterOf(server.kubeconfigFor({ namespace: 'default', name: 'default' }));
    await expect(stranger.list({ kind: 'Pod' }, signal)).rejects.toMatchObject({ code: 'runtime.cluster_forbidden' });
    const wrong = { ...configMap(newName()), dta: {} };
    await expect(cluster.apply(wrong, signal)).rejects.toMatchObject({ code: 'runtime.failed' });
    const nobody = clusterOf(server.kubeconfig, { url: 'https://127.0.0.1:9', patienceMs: 300 });
    await expect(nobody.list({ kind: 'Pod' }, signal)).rejects.toMatchObject({ code: 'runtime.cluster_unreachable' });
  });
});

it('connections are kept: twenty requests, one after another, need no more than two', async () => {
  let connections = 0;
  const proxy = createServer((socket) => {
    connections += 1;
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const through = clusterOf(server.kubeconfig, { url: `https://127.0.0.1:${port}` });
  for (let request = 0; request < 20; request += 1) await through.list({ kind: 'ConfigMap' }, signal);
  expect(connections).toBeLessThanOrEqual(2);
  proxy.close();
});
