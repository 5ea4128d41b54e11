import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { openTestCluster, refusalOf, until } from '../support/kubernetes/test-cluster.ts';

const cluster = await openTestCluster();
const { clients, namespace } = cluster;

const createMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  clients.core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels }, data } });
const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

describe('objects', () => {
  test('a new object gets an identity, a version and an owner of its fields', async () => {
    const { metadata } = await createMap('fresh', { a: '1' });
    expect(metadata).toMatchObject({ name: 'fresh', namespace, uid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(Number(metadata?.resourceVersion)).toBeGreaterThan(0);
    expect(metadata?.creationTimestamp).toBeInstanceOf(Date);
    expect(metadata?.managedFields).toMatchObject([{ operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' }]);
    expect(metadata?.managedFields?.[0]?.fieldsV1).toMatchObject({ 'f:data': { 'f:a': {} } });
  });

  test('a generated name begins as asked and is free', async () => {
    const make = () => clients.core.createNamespacedConfigMap({ namespace, body: { metadata: { generateName: 'many-' } } });
    const names = (await Promise.all([make(), make()])).map(({ metadata }) => metadata?.name ?? '');
    expect(names[0]).toMatch(/^many-[a-z0-9]{5}$/);
    expect(names[0]).not.toBe(names[1]);
  });

  test('a name is given once', async () => {
    await createMap('taken');
    expect(await refusalOf(createMap('taken'))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "taken" already exists',
    });
  });

  test('a name of the wrong form is refused with its field', async () => {
    const refusal = await refusalOf(createMap('Not_A_Name'));
    expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(refusal.details?.causes).toMatchObject([{ reason: 'FieldValueInvalid', field: 'metadata.name' }]);
  });

  test('what is not there is not found', async () => {
    const refusal = await refusalOf(clients.core.readNamespacedConfigMap({ namespace, name: 'nowhere' }));
    expect(refusal).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'configmaps "nowhere" not found',
      details: { name: 'nowhere', kind: 'configmaps' },
    });
  });

  test('nothing is made in a namespace that is not there', async () => {
    const request = clients.core.createNamespacedConfigMap({ namespace: 'wcr-nowhere', body: { metadata: { name: 'a' } } });
    expect(await refusalOf(request)).toMatchObject({ code: 404, message: 'namespaces "wcr-nowhere" not found' });
  });

  test('a replacement of an older version is a conflict', async () => {
    const first = await createMap('replaced', { a: '1' });
    await clients.core.replaceNamespacedConfigMap({ namespace, name: 'replaced', body: { ...first, data: { a: '2' } } });
    const refusal = await refusalOf(
      clients.core.replaceNamespacedConfigMap({ namespace, name: 'replaced', body: { ...first, data: { a: '3' } } }),
    );
    expect(refusal).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(refusal.message).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  test('a patch that states an older version is a conflict', async () => {
    const first = await createMap('patched', { a: '1' });
    const patch = (data: Record<string, string>, resourceVersion?: string) => {
      const metadata = resourceVersion === undefined ? {} : { resourceVersion };
      return clients.core.patchNamespacedConfigMap({ namespace, name: 'patched', body: { metadata, data } }, mergePatch);
    };
    await patch({ a: '2' });
    expect(await refusalOf(patch({ a: '3' }, first.metadata?.resourceVersion))).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(await patch({ a: '4' })).toMatchObject({ data: { a: '4' } });
  });

  test('a write that changes nothing leaves the version', async () => {
    const first = await createMap('same', { a: '1' });
    const second = await clients.core.replaceNamespacedConfigMap({ namespace, name: 'same', body: first });
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
  });

  test('a dry run leaves nothing behind', async () => {
    const made = await clients.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'dry' } }, dryRun: 'All' });
    expect(made.metadata?.uid).toBeDefined();
    expect(await refusalOf(clients.core.readNamespacedConfigMap({ namespace, name: 'dry' }))).toMatchObject({ code: 404 });
  });

  test('texts of a secret are kept as data', async () => {
    const secret = await clients.core.createNamespacedSecret({
      namespace,
      body: { metadata: { name: 'texts' }, stringData: { word: 'hello' } },
    });
    expect(secret).toMatchObject({ type: 'Opaque', data: { word: Buffer.from('hello').toString('base64') } });
    expect(secret.stringData).toBeUndefined();
  });
});

describe('lists', () => {
  test('labels select by equality and by sets', async () => {
    await createMap('red-1', {}, { colour: 'red', size: 's' });
    await createMap('red-2', {}, { colour: 'red' });
    await createMap('blue-1', {}, { colour: 'blue' });
    const select = async (labelSelector: string) =>
      (await clients.core.listNamespacedConfigMap({ namespace, labelSelector })).items.map(({ metadata }) => metadata?.name);
    expect(await select('colour=red')).toEqual(['red-1', 'red-2']);
    expect(await select('colour=red,!size')).toEqual(['red-2']);
    expect(await select('colour in (blue, green)')).toEqual(['blue-1']);
    expect(await select('colour notin (red),colour')).toEqual(['blue-1']);
    expect(await select('colour!=red,colour')).toEqual(['blue-1']);
  });

  test('fields select by name', async () => {
    const fieldSelector = `metadata.name=red-1,metadata.namespace=${namespace}`;
    const { items } = await clients.core.listNamespacedConfigMap({ namespace, fieldSelector });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['red-1']);
    expect(await refusalOf(clients.core.listNamespacedConfigMap({ namespace, fieldSelector: 'data.a=1' }))).toMatchObject({
      code: 400,
    });
  });

  test('pages of a list show one moment', async () => {
    for (const number of [1, 2, 3]) await createMap(`page-${number}`, {}, { kind: 'page' });
    const query = { namespace, labelSelector: 'kind=page', limit: 2 };
    const first = await clients.core.listNamespacedConfigMap(query);
    expect(first.items.map(({ metadata }) => metadata?.name)).toEqual(['page-1', 'page-2']);
    await createMap('page-4', {}, { kind: 'page' });
    const token = first.metadata?._continue ?? '';
    const second = await clients.core.listNamespacedConfigMap({ ...query, _continue: token });
    expect(second.items.map(({ metadata }) => metadata?.name)).toEqual(['page-3']);
    expect(second.metadata?._continue ?? '').toBe('');
  });
});

describe('spec and status', () => {
  const deployment = (name: string) => ({
    metadata: { name },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  });

  test('generation counts changes of the spec only', async () => {
    const made = await clients.apps.createNamespacedDeployment({ namespace, body: deployment('counted') });
    expect(made.metadata?.generation).toBe(1);
    const patch = (body: object) => clients.apps.patchNamespacedDeployment({ namespace, name: 'counted', body }, mergePatch);
    expect((await patch({ metadata: { labels: { a: 'b' } } })).metadata?.generation).toBe(1);
    expect((await patch({ spec: { minReadySeconds: 1 } })).metadata?.generation).toBe(2);
  });

  test('the main path does not write the status', async () => {
    await clients.apps.createNamespacedDeployment({ namespace, body: deployment('statusless') });
    const name = 'statusless';
    await clients.apps.patchNamespacedDeployment({ namespace, name, body: { status: { replicas: 7 } } }, mergePatch);
    await until(async () => (await clients.apps.readNamespacedDeployment({ namespace, name })).status?.observedGeneration === 1);
    expect((await clients.apps.readNamespacedDeployment({ namespace, name })).status?.replicas ?? 0).toBe(0);
  });

  test('defaults are filled in', async () => {
    const { spec } = await clients.apps.createNamespacedDeployment({ namespace, body: deployment('defaulted') });
    expect(spec?.strategy?.type).toBe('RollingUpdate');
    expect(spec?.template.spec).toMatchObject({
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
    });
    expect(spec?.template.spec?.containers[0]).toMatchObject({
      imagePullPolicy: 'IfNotPresent',
      terminationMessagePolicy: 'File',
    });
  });
});
