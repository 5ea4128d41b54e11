import { type KubernetesObject, PatchStrategy, setHeaderOptions, type V1Pod, type V1PodSpec } from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../support/kubernetes/send-raw.ts';
import { openTestCluster, refusalOf, until } from '../support/kubernetes/test-cluster.ts';

const cluster = await openTestCluster();
const { clients, namespace } = cluster;

const create = (object: object) => clients.objects.create(object as KubernetesObject);
/** Sent as it stands: the client library itself drops what it does not know. */
const sendStrictly = (path: string, body: string) => sendRaw(cluster.config, `${path}?fieldValidation=Strict`, body);

const deployment = (name: string, spec: object = {}, pod: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'web:1' }], ...pod } },
    ...spec,
  },
});

describe('invalid objects', () => {
  test('a misspelt field is refused by name', async () => {
    const body = JSON.stringify(deployment('misspelt', { replicaz: 2 }));
    const refusal = await sendStrictly(`/apis/apps/v1/namespaces/${namespace}/deployments`, body);
    expect(refusal).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect(refusal.message).toContain('unknown field "spec.replicaz"');
  });

  test('a value of another type is refused', async () => {
    const body = JSON.stringify(deployment('mistyped', { replicas: 'two' }));
    expect(await sendStrictly(`/apis/apps/v1/namespaces/${namespace}/deployments`, body)).toMatchObject({
      code: 400,
      reason: 'BadRequest',
    });
  });

  test('a selector that does not fit the template is refused', async () => {
    const refusal = await refusalOf(create(deployment('unfit', { selector: { matchLabels: { app: 'other' } } })));
    expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(refusal.details?.causes).toMatchObject([{ field: 'spec.template.metadata.labels' }]);
  });

  test('the selector of a deployment stays', async () => {
    await create(deployment('fixed'));
    const selector = { matchLabels: { app: 'fixed', more: 'yes' } };
    const template = { metadata: { labels: { app: 'fixed', more: 'yes' } } };
    const request = clients.apps.patchNamespacedDeployment(
      { namespace, name: 'fixed', body: { spec: { selector, template } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    const refusal = await refusalOf(request);
    expect(refusal.details?.causes).toMatchObject([
      { field: 'spec.selector', message: expect.stringContaining('field is immutable') },
    ]);
  });

  test('a mount without its volume and a container without its image are both told', async () => {
    const containers = [{ name: 'web', volumeMounts: [{ name: 'nowhere', mountPath: '/x' }] }];
    const refusal = await refusalOf(create(deployment('incomplete', {}, { containers })));
    expect(refusal.details?.causes?.map(({ field }) => field).sort()).toEqual([
      'spec.template.spec.containers[0].image',
      'spec.template.spec.containers[0].volumeMounts[0].name',
    ]);
  });

  test('a label value of the wrong form is refused', async () => {
    const request = clients.core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'labelled', labels: { at: '2026-01-01T00:00:00Z' } } },
    });
    expect((await refusalOf(request)).details?.causes).toMatchObject([{ field: 'metadata.labels' }]);
  });
});

describe('quotas', () => {
  test('no more objects are made than a quota allows', async () => {
    const limited = await cluster.makeNamespace();
    await clients.core.createNamespacedResourceQuota({
      namespace: limited,
      body: { metadata: { name: 'few' }, spec: { hard: { 'count/secrets': '1' } } },
    });
    await until(
      async () =>
        (await clients.core.readNamespacedResourceQuota({ namespace: limited, name: 'few' })).status?.used?.['count/secrets'] ===
        '0',
    );
    const make = (name: string) => clients.core.createNamespacedSecret({ namespace: limited, body: { metadata: { name } } });
    await make('first');
    const refusal = await refusalOf(make('second'));
    expect(refusal).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(refusal.message).toBe(
      'secrets "second" is forbidden: exceeded quota: few, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1',
    );
    await clients.core.deleteNamespacedSecret({ namespace: limited, name: 'first' });
    await until(
      async () =>
        (await clients.core.readNamespacedResourceQuota({ namespace: limited, name: 'few' })).status?.used?.['count/secrets'] ===
        '0',
    );
    expect((await make('second')).metadata?.name).toBe('second');
  });
});

describe('restricted pods', () => {
  const safe: V1PodSpec = {
    securityContext: { runAsNonRoot: true, runAsUser: 33, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'web',
        image: 'registry.k8s.io/pause:3.10',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  };
  const podOf = (name: string, spec: V1PodSpec): V1Pod => ({ metadata: { name }, spec });
  let restricted: string;

  beforeAll(async () => {
    restricted = await cluster.makeNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('a pod that gives up everything is let in', async () => {
    expect((await clients.core.createNamespacedPod({ namespace: restricted, body: podOf('safe', safe) })).metadata?.name).toBe(
      'safe',
    );
  });

  test('a pod that says nothing is refused with everything it should have said', async () => {
    const request = clients.core.createNamespacedPod({
      namespace: restricted,
      body: podOf('plain', { containers: [{ name: 'web', image: 'web:1' }] }),
    });
    const refusal = await refusalOf(request);
    expect(refusal).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(refusal.message).toContain('pods "plain" is forbidden: violates PodSecurity "restricted:latest"');
    for (const word of [
      'allowPrivilegeEscalation != false',
      'unrestricted capabilities',
      'runAsNonRoot != true',
      'seccompProfile',
    ]) {
      expect(refusal.message).toContain(word);
    }
  });

  test('a folder of the machine is refused', async () => {
    const volumes = [{ name: 'root', hostPath: { path: '/' } }];
    const request = clients.core.createNamespacedPod({ namespace: restricted, body: podOf('curious', { ...safe, volumes }) });
    expect((await refusalOf(request)).message).toContain(
      'restricted volume types (volume "root" uses restricted volume type "hostPath")',
    );
  });

  test('a deployment of refused pods tells so in its status', async () => {
    await clients.apps.createNamespacedDeployment({
      namespace: restricted,
      body: {
        metadata: { name: 'refused' },
        spec: {
          selector: { matchLabels: { app: 'refused' } },
          template: { metadata: { labels: { app: 'refused' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
        },
      },
    });
    const failure = async () => {
      const { status } = await clients.apps.readNamespacedDeployment({ namespace: restricted, name: 'refused' });
      return status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    };
    await until(async () => (await failure()) !== undefined);
    expect(await failure()).toMatchObject({
      status: 'True',
      reason: 'FailedCreate',
      message: expect.stringContaining('violates PodSecurity'),
    });
  });
});
