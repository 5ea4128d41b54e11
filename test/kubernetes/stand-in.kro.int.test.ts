import { readFileSync } from 'node:fs';
import { loadYaml, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../support/kubernetes/start-api-server.ts';
import { type Clients, clientsOf, loadConfig, refusalOf, until, untilGone } from '../support/kubernetes/test-cluster.ts';

let server: ApiServer;
let clients: Clients;
const namespace = 'default';
const group = 'clones.wp-clone-restore.dev';
const place = { group, version: 'v1alpha1', plural: 'wordpressclones', namespace };
const RDS = { group: 'rds.services.k8s.aws', version: 'v1alpha1', plural: 'dbinstances', namespace };
const CORE = { group: 'kro.run', version: 'v1alpha1', plural: 'resourcegraphdefinitions' };

type Instance = {
  status?: { state?: string; url?: string; conditions?: { type: string; status: string }[] };
  metadata: { finalizers?: string[] };
  spec: object;
};

type Graph = { readonly metadata: object; readonly spec: { readonly schema: object; readonly resources: readonly object[] } };
const GRAPH = loadYaml<Graph>(readFileSync(new URL('sample-graph.yaml', import.meta.url), 'utf8'));
/** Kept out of the texts of the tests, where it looks like a slip of the pen. */
const expression = (text: string) => ['$', '{', text, '}'].join('');

beforeAll(async () => {
  server = await startApiServer();
  clients = clientsOf(loadConfig(server.kubeconfig));
  await clients.custom.createClusterCustomObject({ ...CORE, body: GRAPH });
  await until(async () => (await clients.custom.listNamespacedCustomObject(place)) !== undefined);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const make = (name: string, spec: object) =>
  clients.custom.createNamespacedCustomObject({
    ...place,
    body: { apiVersion: `${group}/v1alpha1`, kind: 'WordPressClone', metadata: { name }, spec },
  });
const read = async (name: string) => (await clients.custom.getNamespacedCustomObject({ ...place, name })) as Instance;
const stateOf = async (name: string) => (await read(name)).status?.state;
const patch = (name: string, spec: object) =>
  clients.custom.patchNamespacedCustomObject(
    { ...place, name, body: { spec } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );

describe('graphs', () => {
  test('a graph is accepted with the order of its resources', async () => {
    const graph = await clients.custom.getClusterCustomObject({ ...CORE, name: 'wordpressclone' });
    expect(graph).toMatchObject({
      status: { state: 'Active', topologicalOrder: ['dbInstances', 'config', 'deployment', 'service'] },
    });
  });

  test.each([
    [
      'of a kind that is not there',
      { id: 'thing', template: { apiVersion: 'no.such/v1', kind: 'Thing', metadata: { name: 'x' } } },
      'schema not found',
    ],
    [
      'with an expression that cannot be read',
      { id: 'map', template: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: expression('1 +') } } },
      '',
    ],
    [
      'with an id that kro keeps for itself',
      { id: 'spec', template: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } } },
      'reserved',
    ],
  ])('a graph %s stays inactive and says why', async (_what, resource, message) => {
    const name = `wrong-${resource.id.toLowerCase()}`;
    const spec = { schema: { ...GRAPH.spec.schema, kind: `Wrong${resource.id}`, spec: {}, status: {} }, resources: [resource] };
    await clients.custom.createClusterCustomObject({ ...CORE, body: { ...GRAPH, metadata: { name }, spec } });
    const status = async () =>
      ((await clients.custom.getClusterCustomObject({ ...CORE, name })) as { status?: { state: string; conditions: object[] } })
        .status;
    await until(async () => (await status())?.state === 'Inactive');
    expect((await status())?.conditions).toContainEqual(
      expect.objectContaining({ type: 'GraphAccepted', status: 'False', message: expect.stringContaining(message) }),
    );
  });
});

describe('instances', () => {
  test('an instance is checked by the schema of its graph', async () => {
    expect((await refusalOf(make('wrong', { cloneId: 'no' }))).details?.causes).toMatchObject([{ field: 'spec.cloneId' }]);
    expect((await refusalOf(make('more', { cloneId: 'clone-1', replicaz: 1 }))).message).toContain(
      'unknown field "spec.replicaz"',
    );
  });

  test('its resources are made, and it is active when they are ready', async () => {
    await make('shared', { cloneId: 'clone-1' });
    await until(async () => (await stateOf('shared')) === 'ACTIVE');
    const instance = await read('shared');
    expect(instance).toMatchObject({
      metadata: { finalizers: ['kro.run/finalizer'] },
      spec: { replicas: 1, database: { mode: 'shared', host: 'db:3306' } },
      status: { url: 'https://clones/clone-1/', available: 1 },
    });
    expect(instance.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
    const config = await clients.core.readNamespacedConfigMap({ namespace, name: 'shared-db' });
    expect(config.data).toEqual({ HOST: 'db:3306', SHELL: `echo ${expression('HOME')}` });
    expect(config.metadata?.labels).toMatchObject({ 'kro.run/instance-name': 'shared', 'app.kubernetes.io/managed-by': 'kro' });
  });

  test('what is not wanted any more goes', async () => {
    await make('closing', { cloneId: 'clone-2' });
    await until(async () => (await stateOf('closing')) === 'ACTIVE');
    await patch('closing', { exposed: false });
    await untilGone(() => clients.core.readNamespacedService({ namespace, name: 'closing' }));
    expect((await clients.apps.readNamespacedDeployment({ namespace, name: 'closing' })).metadata?.name).toBe('closing');
  });

  test('everything waits for a database of its own until that has an address', async () => {
    await make('dedicated', { cloneId: 'clone-3', database: { mode: 'dedicated' } });
    await until(async () => (await stateOf('dedicated')) === 'IN_PROGRESS');
    await until(async () => (await clients.custom.getNamespacedCustomObject({ ...RDS, name: 'dedicated' })) !== undefined);
    expect(await refusalOf(clients.core.readNamespacedConfigMap({ namespace, name: 'dedicated-db' }))).toMatchObject({
      code: 404,
    });
    server.setDatabaseOutcome({ type: 'available', address: '127.0.0.1', port: 3307 });
    await until(async () => (await stateOf('dedicated')) === 'ACTIVE');
    expect((await clients.core.readNamespacedConfigMap({ namespace, name: 'dedicated-db' })).data?.['HOST']).toBe(
      '127.0.0.1:3307',
    );
    const instance = await clients.custom.getNamespacedCustomObject({ ...RDS, name: 'dedicated' });
    expect(instance).toMatchObject({
      status: {
        dbInstanceStatus: 'available',
        conditions: expect.arrayContaining([expect.objectContaining({ type: 'ACK.ResourceSynced', status: 'True' })]),
      },
    });
  });

  test('a database that can never be says so for good', async () => {
    server.setDatabaseOutcome({ type: 'terminal', message: 'quota exceeded' });
    await make('hopeless', { cloneId: 'clone-4', database: { mode: 'dedicated' } });
    const conditions = async () =>
      ((await clients.custom.getNamespacedCustomObject({ ...RDS, name: 'hopeless' })) as { status?: { conditions?: object[] } })
        .status?.conditions ?? [];
    await until(async () => (await conditions()).length > 0);
    expect(await conditions()).toContainEqual(
      expect.objectContaining({ type: 'ACK.Terminal', status: 'True', message: 'quota exceeded' }),
    );
    expect(await stateOf('hopeless')).toBe('IN_PROGRESS');
  });

  test('with an instance its resources go, the last first', async () => {
    await make('leaving', { cloneId: 'clone-5' });
    await until(async () => (await stateOf('leaving')) === 'ACTIVE');
    const finalizers = ['example.com/hold'];
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await clients.core.patchNamespacedService({ namespace, name: 'leaving', body: { metadata: { finalizers } } }, merge);
    await clients.custom.deleteNamespacedCustomObject({ ...place, name: 'leaving' });
    await until(async () => (await stateOf('leaving')) === 'DELETING');
    expect(
      (await clients.core.readNamespacedConfigMap({ namespace, name: 'leaving-db' })).metadata?.deletionTimestamp,
    ).toBeUndefined();
    await clients.core.patchNamespacedService({ namespace, name: 'leaving', body: { metadata: { finalizers: [] } } }, merge);
    await untilGone(() => read('leaving'));
    expect(await refusalOf(clients.core.readNamespacedConfigMap({ namespace, name: 'leaving-db' }))).toMatchObject({ code: 404 });
  });
});
