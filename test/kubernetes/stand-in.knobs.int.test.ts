import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MountedPod, PodReport, PodRunner } from '../support/kubernetes/node/pod-runner.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes/start-api-server.ts';
import { type Clients, clientsOf, loadConfig, refusalOf, until, untilGone } from '../support/kubernetes/test-cluster.ts';

let server: ApiServer;
let clients: Clients;
const namespace = 'default';

beforeAll(async () => {
  server = await startApiServer({ restartDelayMs: () => 0 });
  clients = clientsOf(loadConfig(server.kubeconfig));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

describe('the recorder', () => {
  test('tells which rights somebody made use of', async () => {
    await clients.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'driver' } } });
    const driver = clientsOf(loadConfig(server.kubeconfigFor({ namespace, name: 'driver' })));
    await refusalOf(driver.core.listNamespacedPod({ namespace }));
    await refusalOf(driver.core.listNamespacedPod({ namespace }));
    await refusalOf(driver.apps.readNamespacedDeploymentStatus({ namespace, name: 'any' }));
    const user = 'system:serviceaccount:default:driver';
    expect(server.requests.rights(user)).toEqual([
      { verb: 'get', group: 'apps', resource: 'deployments', subresource: 'status' },
      { verb: 'list', group: '', resource: 'pods', subresource: '' },
    ]);
    expect(server.requests.all(user)).toHaveLength(3);
    expect(server.requests.all(user)[0]).toMatchObject({ namespace, name: '' });
  });
});

test('an apply that makes an object makes use of two rights', async () => {
  await clients.core.patchNamespacedConfigMap(
    {
      namespace,
      name: 'applied',
      fieldManager: 'one',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' } },
    },
    setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
  );
  const verbs = server.requests
    .all('kubernetes-admin')
    .filter(({ name }) => name === 'applied')
    .map(({ verb }) => verb);
  expect(verbs).toEqual(['patch', 'create']);
});

type StartedPod = { readonly mounted: MountedPod; readonly report: PodReport };

/** A runner that leaves to the test what becomes of its pods. */
function patientRunner() {
  const started: StartedPod[] = [];
  const stopped: number[] = [];
  const runner: PodRunner = {
    assignIp: () => '127.0.0.9',
    async start(_pod, mounted, report) {
      started.push({ mounted, report });
      return {
        readLog: (container) => `log of ${container}`,
        stop: async (graceSeconds) => {
          stopped.push(graceSeconds);
        },
      };
    },
  };
  return { runner, started, stopped };
}

describe('the node', () => {
  const readPod = (name: string) => clients.core.readNamespacedPod({ namespace, name });
  const readyOf = async (name: string) => (await readPod(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status;

  test('a pod is given everything it refers to', async () => {
    const { runner, started } = patientRunner();
    server.setPodRunner(runner);
    await clients.core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'site' }, data: { URL: 'http://x', 'a.conf': 'on' } },
    });
    await clients.core.createNamespacedSecret({
      namespace,
      body: { metadata: { name: 'keys' }, stringData: { password: 'secret' } },
    });
    await clients.core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: 'mounted', labels: { app: 'mounted' } },
        spec: {
          containers: [
            {
              name: 'web',
              image: 'web:1',
              args: ['--url=$(URL)', '$$(URL)'],
              envFrom: [{ configMapRef: { name: 'site' }, prefix: '' }],
              env: [
                { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
                { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
                { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
              ],
              resources: { limits: { memory: '64Mi' } },
            },
          ],
          volumes: [
            { name: 'conf', configMap: { name: 'site', items: [{ key: 'a.conf', path: 'sub/a.conf', mode: 0o600 }] } },
            { name: 'keys', secret: { secretName: 'keys' } },
            {
              name: 'all',
              projected: {
                sources: [
                  { secret: { name: 'keys' } },
                  { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
                ],
              },
            },
            { name: 'space', emptyDir: { sizeLimit: '1Gi' } },
          ],
        },
      },
    });
    await until(async () => started.length === 1);
    const mounted = started[0]?.mounted;
    expect(mounted?.containers[0]?.env).toMatchObject({
      URL: 'http://x',
      PASSWORD: 'secret',
      POD_IP: '127.0.0.9',
      APP: 'mounted',
      MEMORY: '64',
    });
    expect(mounted?.containers[0]?.args).toEqual(['--url=http://x', '$(URL)']);
    expect(mounted?.volumes['conf']).toEqual({
      type: 'files',
      files: { 'sub/a.conf': { content: Buffer.from('on'), mode: 0o600 } },
    });
    expect(mounted?.volumes['keys']).toEqual({
      type: 'files',
      files: { password: { content: Buffer.from('secret'), mode: 0o644 } },
    });
    expect(mounted?.volumes['all']).toMatchObject({ files: { name: { content: Buffer.from('mounted') } } });
    expect(mounted?.volumes['space']).toEqual({ type: 'emptyDir', sizeLimit: '1Gi' });
  });

  test('a pod is ready when its runner says so, and not before', async () => {
    const { runner, started } = patientRunner();
    server.setPodRunner(runner);
    await clients.core.createNamespacedPod({
      namespace,
      body: { metadata: { name: 'slow' }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    });
    await until(async () => (await readPod('slow')).status?.phase === 'Running' && started.length === 1);
    expect(await readyOf('slow')).toBe('False');
    started[0]?.report.ready('web', true);
    expect(await readyOf('slow')).toBe('True');
    expect((await readPod('slow')).status?.podIP).toBe('127.0.0.9');
    expect(await clients.core.readNamespacedPodLog({ namespace, name: 'slow' })).toBe('log of web');
  });

  test('a container that ends is started again, and its last end is told', async () => {
    const { runner, started } = patientRunner();
    server.setPodRunner(runner);
    await clients.core.createNamespacedPod({
      namespace,
      body: { metadata: { name: 'crash' }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    });
    await until(async () => started.length === 1);
    started[0]?.report.exited('web', 1, 'no database');
    await until(async () => started.length === 2);
    const [status] = (await readPod('crash')).status?.containerStatuses ?? [];
    expect(status).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 1, message: 'no database' } } });
  });

  test('a pod that is to run once is over with its containers', async () => {
    const { runner, started } = patientRunner();
    server.setPodRunner(runner);
    await clients.batch.createNamespacedJob({
      namespace,
      body: {
        metadata: { name: 'once' },
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } } },
      },
    });
    await until(async () => started.length === 1);
    started[0]?.report.exited('work', 0);
    await until(async () => (await clients.batch.readNamespacedJob({ namespace, name: 'once' })).status?.succeeded === 1);
    const { status } = await clients.batch.readNamespacedJob({ namespace, name: 'once' });
    expect(status?.conditions).toMatchObject([{ type: 'Complete', status: 'True' }]);
  });

  test('a pod that is deleted stays until it was stopped within its grace', async () => {
    const { runner, started, stopped } = patientRunner();
    server.setPodRunner(runner);
    const spec = { terminationGracePeriodSeconds: 7, containers: [{ name: 'web', image: 'web:1' }] };
    await clients.core.createNamespacedPod({ namespace, body: { metadata: { name: 'leaving' }, spec } });
    await until(async () => started.length === 1);
    const left = await clients.core.deleteNamespacedPod({ namespace, name: 'leaving' });
    expect(left).toMatchObject({ metadata: { deletionGracePeriodSeconds: 7 } });
    await untilGone(() => readPod('leaving'));
    expect(stopped).toEqual([7]);
  });
});
