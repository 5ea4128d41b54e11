import { type KubernetesObject, PatchStrategy, setHeaderOptions, type V1Deployment } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { openTestCluster, refusalOf } from '../support/kubernetes/test-cluster.ts';

const cluster = await openTestCluster();
const { clients, namespace } = cluster;

const withType = (strategy: string) => setHeaderOptions('Content-Type', strategy);

type Applied = { data?: Record<string, string>; labels?: Record<string, string> };

const applyMap = (name: string, fieldManager: string, { data, labels }: Applied, force = false) =>
  clients.core.patchNamespacedConfigMap(
    {
      namespace,
      name,
      fieldManager,
      force,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(labels && { labels }) }, ...(data && { data }) },
    },
    withType(PatchStrategy.ServerSideApply),
  );

describe('server-side apply', () => {
  test('what is not there is made, and is the applier’s', async () => {
    const made = await applyMap('made', 'one', { data: { a: '1' } });
    expect(made.data).toEqual({ a: '1' });
    expect(made.metadata?.managedFields).toMatchObject([
      { manager: 'one', operation: 'Apply', fieldsV1: { 'f:data': { 'f:a': {} } } },
    ]);
  });

  test('applying the same again writes nothing', async () => {
    const first = await applyMap('again', 'one', { data: { a: '1' } });
    const second = await applyMap('again', 'one', { data: { a: '1' } });
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
  });

  const labels = { app: 'kept' };
  const container = {
    name: 'web',
    image: 'web:1',
    ports: [{ containerPort: 8080 }],
    env: [{ name: 'A', value: '1' }],
    securityContext: {},
  };
  const template = { metadata: { labels }, spec: { containers: [container], volumes: [{ name: 'space', emptyDir: {} }] } };
  const backend = { service: { name: 'kept', port: { number: 80 } } };

  test.each([
    [
      'Deployment',
      'apps/v1',
      { spec: { replicas: 0, selector: { matchLabels: labels }, strategy: { type: 'Recreate' }, template } },
    ],
    ['Service', 'v1', { spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } }],
    ['Secret', 'v1', { type: 'Opaque', data: { word: 'aGVsbG8=' } }],
    ['PersistentVolumeClaim', 'v1', { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } }],
    [
      'NetworkPolicy',
      'networking.k8s.io/v1',
      { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: labels } }] }] } },
    ],
    [
      'Ingress',
      'networking.k8s.io/v1',
      { spec: { rules: [{ host: 'kept.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] } },
    ],
    ['ResourceQuota', 'v1', { spec: { hard: { 'count/pods': '20' } } }],
    ['Role', 'rbac.authorization.k8s.io/v1', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }],
  ])('a %s is applied again without a trace, whatever the server added to it', async (kind, apiVersion, content) => {
    const object: KubernetesObject = { apiVersion, kind, metadata: { name: 'kept', namespace, labels }, ...content };
    const apply = () => clients.objects.patch(object, undefined, undefined, 'one', true, PatchStrategy.ServerSideApply);
    const ownersIn = ({ metadata }: KubernetesObject) =>
      metadata?.managedFields?.filter(({ operation }) => operation === 'Apply');
    const first = await apply();
    expect(ownersIn(first)).toMatchObject([{ manager: 'one', operation: 'Apply' }]);
    const second = await apply();
    expect(ownersIn(second)).toEqual(ownersIn(first));
    expect(second.metadata?.generation).toBe(first.metadata?.generation);
  });

  test('two managers have a field each', async () => {
    await applyMap('shared', 'one', { data: { a: '1' } });
    const both = await applyMap('shared', 'two', { data: { b: '2' } });
    expect(both.data).toEqual({ a: '1', b: '2' });
    expect(both.metadata?.managedFields?.map(({ manager }) => manager).sort()).toEqual(['one', 'two']);
  });

  test('a field that is no longer applied goes, unless somebody else has it', async () => {
    await applyMap('dropped', 'one', { data: { a: '1', b: '1', c: '1' } });
    await applyMap('dropped', 'two', { data: { b: '1' } });
    const after = await applyMap('dropped', 'one', { data: { a: '1' } });
    expect(after.data).toEqual({ a: '1', b: '1' });
  });

  test('another value for somebody else’s field is a conflict that names them', async () => {
    await applyMap('disputed', 'one', { data: { a: '1' } });
    const refusal = await refusalOf(applyMap('disputed', 'two', { data: { a: '2' } }));
    expect(refusal).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
    });
    expect(refusal.details?.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
    ]);
  });

  test('force takes the field over', async () => {
    await applyMap('forced', 'one', { data: { a: '1', b: '1' } });
    const forced = await applyMap('forced', 'two', { data: { a: '2' } }, true);
    expect(forced.data).toEqual({ a: '2', b: '1' });
    const after = await applyMap('forced', 'one', { data: { b: '1' } });
    expect(after.data).toEqual({ a: '2', b: '1' });
  });

  test('whoever updates a field without applying owns it', async () => {
    await applyMap('updated', 'one', { data: { a: '1' } });
    await clients.core.patchNamespacedConfigMap(
      { namespace, name: 'updated', fieldManager: 'editor', body: { data: { a: '2' } } },
      withType(PatchStrategy.MergePatch),
    );
    const refusal = await refusalOf(applyMap('updated', 'one', { data: { a: '1' } }));
    expect(refusal.details?.causes).toMatchObject([{ reason: 'FieldManagerConflict', field: '.data.a' }]);
    expect(refusal.message).toContain('conflict with "editor" using v1');
  });

  test('containers are told apart by their names', async () => {
    const apply = (fieldManager: string, containers: object[]) =>
      clients.apps.patchNamespacedDeployment(
        { namespace, name: 'listed', fieldManager, body: deploymentOf('listed', containers) },
        withType(PatchStrategy.ServerSideApply),
      );
    await apply('one', [{ name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] }]);
    const both = await apply('two', [{ name: 'side', image: 'side:1' }]);
    expect(namesOf(both).sort()).toEqual(['side', 'web']);
    const alone = await apply('two', [{ name: 'web', image: 'web:1' }]);
    expect(namesOf(alone)).toEqual(['web']);
    const refusal = await refusalOf(apply('two', [{ name: 'web', image: 'web:2' }]));
    expect(refusal.details?.causes).toMatchObject([{ field: '.spec.template.spec.containers[name="web"].image' }]);
  });

  test('an applied object may not bring owners of fields', async () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', managedFields: [] as object[] } };
    const managed = { manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} };
    body.metadata.managedFields = [managed];
    const request = clients.core.patchNamespacedConfigMap(
      { namespace, name: 'owned', fieldManager: 'x', body },
      withType(PatchStrategy.ServerSideApply),
    );
    expect(await refusalOf(request)).toMatchObject({ code: 400, message: 'metadata.managedFields must be nil' });
  });

  test('without a manager nothing is applied', async () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'nobody' } };
    const request = clients.core.patchNamespacedConfigMap(
      { namespace, name: 'nobody', body },
      withType(PatchStrategy.ServerSideApply),
    );
    expect((await refusalOf(request)).message).toContain('fieldManager');
  });
});

describe('patches', () => {
  const patch = (name: string, body: unknown, strategy?: string) =>
    clients.core.patchNamespacedConfigMap({ namespace, name, body }, ...(strategy === undefined ? [] : [withType(strategy)]));

  test('a list of operations is carried out in order', async () => {
    await clients.core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'operated' }, data: { a: '1', b: '2' } },
    });
    const operations = [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'move', from: '/data/b', path: '/data/c' },
      { op: 'replace', path: '/data/a', value: '9' },
      { op: 'add', path: '/metadata/annotations', value: { 'example.com~1x': 'y' } },
    ];
    const patched = await patch('operated', operations.slice(0, 3));
    expect(patched.data).toEqual({ a: '9', c: '2' });
    expect(await refusalOf(patch('operated', [{ op: 'test', path: '/data/a', value: '1' }]))).toMatchObject({ code: 422 });
    expect(await refusalOf(patch('operated', [{ op: 'remove', path: '/data/none' }]))).toMatchObject({ code: 422 });
  });

  test('an object sent as a list of operations is refused', async () => {
    await clients.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'mistaken' } } });
    expect(await refusalOf(patch('mistaken', { data: { a: '1' } }))).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  test('a merge patch removes with null and replaces lists', async () => {
    const body = deploymentOf('merged', [{ name: 'web', image: 'web:1' }]);
    await clients.apps.createNamespacedDeployment({ namespace, body });
    const containers = [{ name: 'other', image: 'other:1' }];
    const change = { metadata: { labels: { app: null } }, spec: { template: { spec: { containers } } } };
    const merged = await clients.apps.patchNamespacedDeployment(
      { namespace, name: 'merged', body: change },
      withType(PatchStrategy.MergePatch),
    );
    expect(namesOf(merged)).toEqual(['other']);
    expect(merged.metadata?.labels ?? {}).toEqual({});
  });

  test('a strategic merge patch merges containers by name', async () => {
    await clients.apps.createNamespacedDeployment({
      namespace,
      body: deploymentOf('strategic', [{ name: 'web', image: 'web:1' }]),
    });
    const patchSpec = (containers: object[]) =>
      clients.apps.patchNamespacedDeployment(
        { namespace, name: 'strategic', body: { spec: { template: { spec: { containers } } } } },
        withType(PatchStrategy.StrategicMergePatch),
      );
    const added = await patchSpec([
      { name: 'side', image: 'side:1' },
      { name: 'web', image: 'web:2' },
    ]);
    expect(namesOf(added).sort()).toEqual(['side', 'web']);
    expect(added.spec?.template.spec?.containers.find(({ name }) => name === 'web')?.image).toBe('web:2');
    expect(namesOf(await patchSpec([{ name: 'side', $patch: 'delete' }]))).toEqual(['web']);
  });
});

function deploymentOf(name: string, containers: object[]): V1Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { app: name } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: containers as [] } },
    },
  };
}

function namesOf({ spec }: V1Deployment): string[] {
  return (spec?.template.spec?.containers ?? []).map(({ name }) => name);
}
