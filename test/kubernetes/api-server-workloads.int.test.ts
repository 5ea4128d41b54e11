import { PatchStrategy, setHeaderOptions, type V1Deployment, type V1Pod, type V1PodSpec } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { openTestCluster, until, untilGone } from '../support/kubernetes/test-cluster.ts';

const cluster = await openTestCluster();
const { clients, namespace } = cluster;

/** Runs on any node and ends at once when it is told to. A cluster that cannot fetch it is given another. */
const PAUSE = process.env['TEST_POD_IMAGE'] ?? 'registry.k8s.io/pause:3.10';
const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

const deploymentOf = (name: string, replicas: number, pod: Partial<V1PodSpec> = {}): V1Deployment => ({
  metadata: { name },
  spec: {
    replicas,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: PAUSE }], ...pod } },
  },
});

const podsOf = async (app: string) => (await clients.core.listNamespacedPod({ namespace, labelSelector: `app=${app}` })).items;
const statusOf = async (name: string) => (await clients.apps.readNamespacedDeployment({ namespace, name })).status;
const patchDeployment = (name: string, body: object) =>
  clients.apps.patchNamespacedDeployment({ namespace, name, body }, mergePatch);
const isReady = ({ status }: V1Pod) => status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;

describe('deployments', () => {
  test('a deployment has as many ready pods as it asks for, and says so', async () => {
    await clients.apps.createNamespacedDeployment({ namespace, body: deploymentOf('two', 2) });
    await until(async () => (await statusOf('two'))?.availableReplicas === 2);
    expect(await statusOf('two')).toMatchObject({ observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
    expect((await statusOf('two'))?.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Available', status: 'True' }),
        expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
      ]),
    );
    const pods = await podsOf('two');
    expect(pods.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
    expect(new Set(pods.map(({ status }) => status?.podIP)).size).toBe(2);
  });

  test('a pod that is deleted is replaced', async () => {
    await clients.apps.createNamespacedDeployment({ namespace, body: deploymentOf('replaced', 1) });
    await until(async () => (await statusOf('replaced'))?.availableReplicas === 1);
    const [first] = await podsOf('replaced');
    await clients.core.deleteNamespacedPod({ namespace, name: first?.metadata?.name ?? '', gracePeriodSeconds: 1 });
    await until(async () => {
      const [second, ...more] = await podsOf('replaced');
      return second !== undefined && more.length === 0 && second.metadata?.uid !== first?.metadata?.uid && isReady(second);
    });
  });

  test('another template is another pod, and the old one goes first', async () => {
    await clients.apps.createNamespacedDeployment({ namespace, body: deploymentOf('renewed', 1) });
    await until(async () => (await statusOf('renewed'))?.availableReplicas === 1);
    const containers = [{ name: 'web', image: PAUSE, env: [{ name: 'TURN', value: '2' }] }];
    await patchDeployment('renewed', { spec: { template: { spec: { containers } } } });
    await until(async () => {
      const status = await statusOf('renewed');
      return (
        status?.observedGeneration === 2 &&
        status.updatedReplicas === 1 &&
        status.availableReplicas === 1 &&
        status.replicas === 1
      );
    });
    await until(async () => (await podsOf('renewed')).length === 1);
    expect((await podsOf('renewed'))[0]?.spec?.containers[0]?.env).toEqual([{ name: 'TURN', value: '2' }]);
    const { items } = await clients.apps.listNamespacedReplicaSet({ namespace, labelSelector: 'app=renewed' });
    expect(items.map(({ spec }) => spec?.replicas).sort()).toEqual([0, 1]);
  });

  test('a rolling update ends with new pods only', async () => {
    const body = deploymentOf('rolled', 2);
    await clients.apps.createNamespacedDeployment({
      namespace,
      body: { ...body, spec: { ...body.spec, strategy: { type: 'RollingUpdate' } } as never },
    });
    await until(async () => (await statusOf('rolled'))?.availableReplicas === 2);
    await patchDeployment('rolled', { spec: { template: { metadata: { annotations: { turn: '2' } } } } });
    await until(async () => {
      const pods = await podsOf('rolled');
      return pods.length === 2 && pods.every((pod) => pod.metadata?.annotations?.['turn'] === '2' && isReady(pod));
    });
  });

  test('none are wanted, none are left', async () => {
    await clients.apps.createNamespacedDeployment({
      namespace,
      body: deploymentOf('idle', 1, { terminationGracePeriodSeconds: 1 }),
    });
    await until(async () => (await statusOf('idle'))?.availableReplicas === 1);
    await patchDeployment('idle', { spec: { replicas: 0 } });
    await until(async () => (await podsOf('idle')).length === 0);
    await until(async () => ((await statusOf('idle'))?.replicas ?? 0) === 0);
  });

  test('with a deployment everything of it goes', async () => {
    await clients.apps.createNamespacedDeployment({
      namespace,
      body: deploymentOf('gone', 1, { terminationGracePeriodSeconds: 1 }),
    });
    await until(async () => (await statusOf('gone'))?.availableReplicas === 1);
    await clients.apps.deleteNamespacedDeployment({ namespace, name: 'gone', propagationPolicy: 'Foreground' });
    await untilGone(() => clients.apps.readNamespacedDeployment({ namespace, name: 'gone' }));
    expect(await podsOf('gone')).toEqual([]);
  });
});

test('a deployment that comes no further says so after its deadline', async () => {
  const env = [{ name: 'WORD', valueFrom: { secretKeyRef: { name: 'never', key: 'word' } } }];
  const body = deploymentOf('stuck', 1, { containers: [{ name: 'web', image: PAUSE, env }] });
  await clients.apps.createNamespacedDeployment({
    namespace,
    body: { ...body, spec: { ...body.spec, progressDeadlineSeconds: 2 } as never },
  });
  const progressing = async () => (await statusOf('stuck'))?.conditions?.find(({ type }) => type === 'Progressing');
  await until(async () => (await progressing())?.status === 'False');
  expect(await progressing()).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
  const [pod] = await podsOf('stuck');
  const { items } = await clients.core.listNamespacedEvent({
    namespace,
    fieldSelector: `involvedObject.name=${pod?.metadata?.name}`,
  });
  expect(items.map(({ message }) => message)).toContainEqual(expect.stringContaining('secret "never" not found'));
});

describe('pods', () => {
  test('a pod waits for a Secret that is not there yet', async () => {
    const env = [{ name: 'WORD', valueFrom: { secretKeyRef: { name: 'later', key: 'word' } } }];
    await clients.apps.createNamespacedDeployment({
      namespace,
      body: deploymentOf('waiting', 1, { containers: [{ name: 'web', image: PAUSE, env }] }),
    });
    const waits = async () => (await podsOf('waiting'))[0]?.status?.containerStatuses?.[0]?.state?.waiting;
    await until(async () => (await waits())?.reason === 'CreateContainerConfigError');
    expect((await waits())?.message).toContain('secret "later" not found');
    await clients.core.createNamespacedSecret({
      namespace,
      body: { metadata: { name: 'later' }, stringData: { word: 'hello' } },
    });
    await until(async () => (await statusOf('waiting'))?.availableReplicas === 1);
  });

  test('a claim is bound once a pod wants it', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };
    await clients.core.createNamespacedPersistentVolumeClaim({ namespace, body: { metadata: { name: 'disk' }, spec } });
    const volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }];
    const body = deploymentOf('stored', 1, {
      volumes,
      containers: [{ name: 'web', image: PAUSE, volumeMounts: [{ name: 'disk', mountPath: '/disk' }] }],
    });
    await clients.apps.createNamespacedDeployment({ namespace, body });
    await until(
      async () => (await clients.core.readNamespacedPersistentVolumeClaim({ namespace, name: 'disk' })).status?.phase === 'Bound',
    );
    await until(async () => (await statusOf('stored'))?.availableReplicas === 1);
  });
});

test('a service has an address in the cluster that stays', async () => {
  const body = { metadata: { name: 'web' }, spec: { selector: { app: 'two' }, ports: [{ port: 80, targetPort: 8080 }] } };
  const { spec } = await clients.core.createNamespacedService({ namespace, body });
  expect(spec?.clusterIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(spec).toMatchObject({ type: 'ClusterIP', ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] });
  const replaced = await clients.core.replaceNamespacedService({ namespace, name: 'web', body });
  expect(replaced.spec?.clusterIP).toBe(spec?.clusterIP);
});
