import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ApiException,
  ApiextensionsV1Api,
  AppsV1Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  NetworkingV1Api,
  RbacAuthorizationV1Api,
  Watch,
} from '@kubernetes/client-node';
import { afterAll } from 'vitest';
import { startApiServer } from './start-api-server.ts';

/** A cluster that a test may do anything in, within a namespace of its own. */
export type TestCluster = AsyncDisposable & {
  readonly config: KubeConfig;
  /** A namespace that is deleted in the end. */
  readonly namespace: string;
  readonly clients: Clients;
  /** The configuration of a service account of the test's namespace, by a token the cluster gives out. */
  configFor(serviceAccount: string): Promise<KubeConfig>;
  /** Another namespace, deleted in the end too. */
  makeNamespace(labels?: Readonly<Record<string, string>>): Promise<string>;
};

export type Clients = ReturnType<typeof clientsOf>;

/** The cluster of the file TEST_KUBECONFIG, or the stand-in. No test can tell which of them it got, and none may. */
export async function startTestCluster(): Promise<TestCluster> {
  const file = process.env['TEST_KUBECONFIG'];
  if (file !== undefined && file !== '') return useCluster(readFileSync(file, 'utf8'), async () => undefined);
  const server = await startApiServer();
  return useCluster(server.kubeconfig, async () => {
    await server[Symbol.asyncDispose]();
  });
}

/** The same for a whole test file; called at its top, it ends the cluster after the file's tests. */
export async function openTestCluster(): Promise<TestCluster> {
  const cluster = await startTestCluster();
  afterAll(() => cluster[Symbol.asyncDispose]());
  return cluster;
}

/** @param kubeconfig the content of a file; @param stop called when all namespaces have been deleted */
export async function useCluster(kubeconfig: string, stop: () => Promise<void>): Promise<TestCluster> {
  const config = loadConfig(kubeconfig);
  const clients = clientsOf(config);
  const namespaces: string[] = [];
  const makeNamespace = async (labels: Readonly<Record<string, string>> = {}) => {
    const name = `wcr-test-${randomBytes(4).toString('hex')}`;
    await clients.core.createNamespace({ body: { metadata: { name, labels } } });
    namespaces.push(name);
    await until(async () => (await clients.core.listNamespacedServiceAccount({ namespace: name })).items.length > 0);
    return name;
  };
  return {
    config,
    clients,
    makeNamespace,
    namespace: await makeNamespace(),
    async configFor(name) {
      const body = { spec: { audiences: [], expirationSeconds: 3600 } };
      const [namespace = ''] = namespaces;
      const { status } = await clients.core.createNamespacedServiceAccountToken({ namespace, name, body });
      const own = new KubeConfig();
      const cluster = config.getCurrentCluster();
      if (cluster === null) throw new Error('the kubeconfig has no current cluster');
      own.loadFromOptions({
        clusters: [cluster],
        users: [{ name, token: status?.token ?? '' }],
        contexts: [{ name, cluster: cluster.name, user: name, namespace }],
        currentContext: name,
      });
      return own;
    },
    async [Symbol.asyncDispose]() {
      for (const name of namespaces) await clients.core.deleteNamespace({ name }).catch(() => undefined);
      await stop();
    },
  };
}

export function loadConfig(kubeconfig: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}

/** The parts of the client library that tests use. */
export function clientsOf(config: KubeConfig) {
  return {
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    batch: config.makeApiClient(BatchV1Api),
    networking: config.makeApiClient(NetworkingV1Api),
    rbac: config.makeApiClient(RbacAuthorizationV1Api),
    leases: config.makeApiClient(CoordinationV1Api),
    custom: config.makeApiClient(CustomObjectsApi),
    definitions: config.makeApiClient(ApiextensionsV1Api),
    objects: KubernetesObjectApi.makeApiClient(config),
    watch: new Watch(config),
  };
}

/** What the API says of a request it refuses. */
export type Refusal = {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly causes?: readonly { readonly reason: string; readonly field: string; readonly message: string }[];
  };
};

/** The refusal of a request that must be refused. */
export async function refusalOf(request: Promise<unknown>): Promise<Refusal> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const body: unknown = error.body;
    // The library keeps nothing of a 401 but its code.
    if (body === undefined) return { code: error.code, reason: error.message, message: error.message };
    return (typeof body === 'string' ? JSON.parse(body) : body) as Refusal;
  }
  throw new Error('the request was not refused');
}

/** Asks until something holds; the test's own time limit ends the asking. A 404 means that it does not hold yet. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(isNotFound))) await delay(20);
}

/** Waits until an object is gone. */
export async function untilGone(read: () => Promise<unknown>): Promise<void> {
  await until(async () => {
    try {
      await read();
      return false;
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return true;
      throw error;
    }
  });
}

function isNotFound(error: unknown): false {
  if (error instanceof ApiException && error.code === 404) return false;
  throw error;
}
