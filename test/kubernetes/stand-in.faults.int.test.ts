import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../support/kubernetes/start-api-server.ts';
import { type Clients, clientsOf, loadConfig, refusalOf } from '../support/kubernetes/test-cluster.ts';
import { watchEvents } from '../support/kubernetes/watch-events.ts';

let server: ApiServer;
let clients: Clients;
const namespace = 'default';

beforeAll(async () => {
  server = await startApiServer();
  clients = clientsOf(loadConfig(server.kubeconfig));
});

afterEach(() => server.faults.clear());

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const make = (name: string) =>
  clients.core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { run: name } } } });
const read = (name: string) => clients.core.readNamespacedConfigMap({ namespace, name });
const creating = { verb: 'create', resource: 'configmaps' };
const path = `/api/v1/namespaces/${namespace}/configmaps`;

describe('answers', () => {
  test('as many requests fail as were ordered', async () => {
    const order = server.faults.inject(creating, { type: 'status', code: 503 }, { times: 2 });
    expect(await refusalOf(make('unlucky'))).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
    expect(await refusalOf(make('unlucky'))).toMatchObject({ code: 503 });
    expect((await make('unlucky')).metadata?.name).toBe('unlucky');
    expect(order.hits).toBe(2);
  });

  test('only fitting requests fail, after those that may pass', async () => {
    server.faults.inject(creating, { type: 'status', code: 500 }, { skip: 1 });
    await make('passes');
    expect((await read('passes')).metadata?.name).toBe('passes');
    expect(await refusalOf(make('fails'))).toMatchObject({ code: 500 });
  });

  test('too many requests are told when to come back', async () => {
    server.faults.inject(creating, { type: 'status', code: 429, retryAfterSeconds: 3 });
    const error = await make('hasty').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 429, headers: { 'retry-after': '3' } });
  });
});

describe('connections', () => {
  test('a connection that ends before leaves nothing', async () => {
    server.faults.inject(creating, { type: 'reset', when: 'before' });
    await expect(make('unmade')).rejects.toThrow();
    expect(await refusalOf(read('unmade'))).toMatchObject({ code: 404 });
  });

  test('a connection that ends after leaves the object', async () => {
    server.faults.inject(creating, { type: 'reset', when: 'after' });
    await expect(make('unheard')).rejects.toThrow();
    expect((await read('unheard')).metadata?.name).toBe('unheard');
  });

  test('a request hangs until it is let go', async () => {
    const order = server.faults.inject(creating, { type: 'hang', when: 'before' });
    const request = make('late');
    await order.reached;
    expect(await refusalOf(read('late'))).toMatchObject({ code: 404 });
    order.release();
    expect((await request).metadata?.name).toBe('late');
  });
});

describe('watches', () => {
  const watch = (name: string) => watchEvents(loadConfig(server.kubeconfig), path, { labelSelector: `run=${name}` });

  test('a watch breaks off after some events', async () => {
    server.faults.inject({ verb: 'watch' }, { type: 'cut-watch', afterEvents: 1 });
    await using cut = await watch('cut');
    await make('cut');
    await cut.ended;
    expect(cut.seen).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'cut' } } }]);
  });

  test('a watch breaks off within a line', async () => {
    server.faults.inject({ verb: 'watch' }, { type: 'truncate-watch', afterEvents: 1 });
    await make('torn');
    await using torn = await watch('torn');
    await torn.take(1);
    await clients.core.deleteNamespacedConfigMap({ namespace, name: 'torn' });
    await torn.ended;
    expect(torn.seen).toHaveLength(1);
  });

  test('who comes with a version from before the compaction is told that it is gone', async () => {
    const { metadata } = await make('old');
    await make('new');
    server.compact();
    await using late = await watchEvents(loadConfig(server.kubeconfig), path, {
      resourceVersion: metadata?.resourceVersion ?? '',
    });
    expect(await late.take(1)).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
  });

  test('a list from before the compaction is not continued', async () => {
    const { metadata } = await clients.core.listNamespacedConfigMap({ namespace, limit: 1 });
    await make('between');
    server.compact();
    const request = clients.core.listNamespacedConfigMap({ namespace, limit: 1, _continue: metadata?._continue ?? '' });
    expect(await refusalOf(request)).toMatchObject({ code: 410, reason: 'Expired' });
  });
});
