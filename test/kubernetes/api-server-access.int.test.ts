import { KubeConfig, PatchStrategy, setHeaderOptions, type V1PolicyRule, VersionApi } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { type Clients, clientsOf, openTestCluster, refusalOf, until } from '../support/kubernetes/test-cluster.ts';

const cluster = await openTestCluster();
const { clients, namespace } = cluster;

/** Clients of a new service account that may do what the rules say. */
async function accountWith(name: string, rules: V1PolicyRule[]): Promise<Clients> {
  await clients.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  await clients.rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules } });
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
  await clients.rbac.createNamespacedRoleBinding({ namespace, body: { metadata: { name }, subjects, roleRef } });
  return clientsOf(await cluster.configFor(name));
}

/** The rights of an account are known to a cluster a moment after they were given. */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  let answer: T | undefined;
  await until(async () => {
    const code = await ask().then(
      (given) => {
        answer = given;
        return 200;
      },
      (error: { code?: number }) => error.code,
    );
    return code !== 403;
  });
  return answer as T;
}

const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

describe('who asks', () => {
  test('a token that nobody gave is refused', async () => {
    const current = cluster.config.getCurrentCluster();
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: current === null ? [] : [current],
      users: [{ name: 'stranger', token: 'not-a-token' }],
      contexts: [{ name: 'stranger', cluster: current?.name ?? '', user: 'stranger' }],
      currentContext: 'stranger',
    });
    const request = clientsOf(config).core.listNamespacedPod({ namespace });
    expect(await refusalOf(request)).toMatchObject({ code: 401 });
  });

  test('the server tells its version', async () => {
    const { major, minor } = await cluster.config.makeApiClient(VersionApi).getCode();
    expect([major, Number.parseInt(minor, 10) >= 30]).toEqual(['1', true]);
  });
});

describe('what they may do', () => {
  test('an account without a role may do nothing, and is told what it may not', async () => {
    const nobody = await accountWith('nobody', []);
    const refusal = await refusalOf(nobody.core.listNamespacedPod({ namespace }));
    const user = `system:serviceaccount:${namespace}:nobody`;
    expect(refusal).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(refusal.message).toBe(
      `pods is forbidden: User "${user}" cannot list resource "pods" in API group "" in the namespace "${namespace}"`,
    );
    expect((await refusalOf(nobody.core.listNamespace())).message).toContain('at the cluster scope');
  });

  test('a role gives its verbs for its resources in its namespace', async () => {
    const reader = await accountWith('reader', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }]);
    await clients.core.createNamespacedConfigMap({ namespace, body: map('readable') });
    const found = await settled(() => reader.core.readNamespacedConfigMap({ namespace, name: 'readable' }));
    expect(found.metadata?.name).toBe('readable');
    expect(await refusalOf(reader.core.deleteNamespacedConfigMap({ namespace, name: 'readable' }))).toMatchObject({ code: 403 });
    expect(await refusalOf(reader.core.listNamespacedConfigMap({ namespace: 'default' }))).toMatchObject({ code: 403 });
    expect(await refusalOf(reader.core.listNamespacedSecret({ namespace }))).toMatchObject({ code: 403 });
  });

  test('a role may be about one object only', async () => {
    const one = await accountWith('one', [
      { apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['get'] },
    ]);
    await clients.core.createNamespacedConfigMap({ namespace, body: map('mine') });
    expect((await settled(() => one.core.readNamespacedConfigMap({ namespace, name: 'mine' }))).metadata?.name).toBe('mine');
    expect(await refusalOf(one.core.readNamespacedConfigMap({ namespace, name: 'other' }))).toMatchObject({ code: 403 });
  });

  test('the status of an object is a resource of its own', async () => {
    const owner = await accountWith('owner', [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['*'] }]);
    const request = owner.apps.patchNamespacedDeploymentStatus(
      { namespace, name: 'any', body: { status: {} } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect((await refusalOf(request)).message).toContain('cannot patch resource "deployments/status" in API group "apps"');
  });

  test('applying what is not there takes the right to create', async () => {
    const rule = { apiGroups: [''], resources: ['configmaps'] };
    const patcher = await accountWith('patcher', [{ ...rule, verbs: ['patch'] }]);
    const apply = (name: string) =>
      patcher.core.patchNamespacedConfigMap(
        { namespace, name, fieldManager: 'patcher', body: map(name) },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
    await clients.core.createNamespacedConfigMap({ namespace, body: map('patchable') });
    expect((await settled(() => apply('patchable'))).metadata?.name).toBe('patchable');
    expect((await refusalOf(apply('unmade'))).message).toContain('cannot create resource "configmaps"');
  });

  test('a cluster role may be bound within a namespace', async () => {
    const name = `wcr-${namespace}`;
    const account = await accountWith('bound', []);
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
    await clients.rbac.createClusterRole({ body: { metadata: { name }, rules } });
    try {
      const subjects = [{ kind: 'ServiceAccount', name: 'bound', namespace }];
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
      await clients.rbac.createNamespacedRoleBinding({ namespace, body: { metadata: { name }, subjects, roleRef } });
      expect((await settled(() => account.core.listNamespacedConfigMap({ namespace }))).items.length).toBeGreaterThan(0);
      expect(await refusalOf(account.core.listConfigMapForAllNamespaces())).toMatchObject({ code: 403 });
    } finally {
      await clients.rbac.deleteClusterRole({ name });
    }
  });

  test('a token is worth nothing once its account is gone', async () => {
    const leaver = await accountWith('leaver', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }]);
    expect((await settled(() => leaver.core.listNamespacedConfigMap({ namespace }))).items.length).toBeGreaterThan(0);
    await clients.core.deleteNamespacedServiceAccount({ namespace, name: 'leaver' });
    const ask = () =>
      leaver.core.listNamespacedConfigMap({ namespace }).then(
        () => 200,
        ({ code }: { code: number }) => code,
      );
    await until(async () => (await ask()) === 401);
  });
});
