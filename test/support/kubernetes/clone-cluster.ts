import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1PolicyRule } from '@kubernetes/client-node';
import { parseEnv } from '@wcr/shared/config/parse-env';
import { createCluster } from '@wcr/worker/drivers/cluster/cluster';
import { type Cluster, KINDS, type KindName } from '@wcr/worker/drivers/cluster/cluster.types';
import { connectCluster } from '@wcr/worker/drivers/cluster/connection';
import { kubernetesRuntimeConfig } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.config';
import { createKubernetesRuntime } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.driver';
import type { Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { deployFolder, parseManifests } from '../manifests/build-kustomization.ts';
import { useMariaDb } from '../services.ts';
import { createCloneNode } from './clone-node.ts';
import { startIngressController } from './ingress-controller.ts';
import { type ApiServer, startApiServer } from './start-api-server.ts';
import { type TestCluster, useCluster } from './test-cluster.ts';

/**
 * A namespace in which clones can really be made. With TEST_KUBECONFIG it is one of that cluster, which must know TEST_CLONE_IMAGE, serve
 * clones below TEST_CLONES_URL and reach the database of TEST_DATABASE_URL; without it a stand-in whose pods are processes.
 */
export type CloneCluster = AsyncDisposable & {
  readonly namespace: string;
  readonly kubeconfig: string;
  /** The stand-in, when it is one. */
  readonly standIn: ApiServer | undefined;
  readonly cluster: Cluster;
  readonly clonesUrl: string;
  /** Settings of a worker for this cluster. */
  readonly env: Readonly<Record<string, string>>;
  /** @param wrap puts something between the runtime and its cluster */
  createRuntime(env?: Readonly<Record<string, string>>, wrap?: (cluster: Cluster) => Cluster): Runtime;
  /** Everything that still exists of a clone or of a target made ahead, or of all clones, in words. */
  findLeftovers(cloneId?: string): Promise<string[]>;
  /** The objects of all clones, in words. */
  findObjects(): Promise<string[]>;
};

export async function startCloneCluster(env: Readonly<Record<string, string>> = {}): Promise<CloneCluster> {
  const stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'wcr-kube-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const real = process.env['TEST_KUBECONFIG'];
  const standIn = real ? undefined : await startStandIn(stack);
  const admin = standIn?.kubeconfig ?? readFileSync(real ?? '', 'utf8');
  const test = stack.use(await useCluster(admin, async () => undefined));
  const adminFile = join(dir, 'admin');
  writeFileSync(adminFile, admin, { mode: 0o600 });
  const cluster = createCluster(() => connectCluster(adminFile), test.namespace);
  const kubeconfig = join(dir, 'worker');
  writeFileSync(kubeconfig, await workerConfig(test), { mode: 0o600 });
  const clonesUrl = process.env['TEST_CLONES_URL'] ?? stack.use(await startIngressController(cluster)).url;
  const databaseUrl = process.env['TEST_DATABASE_URL'] ?? (await sharedDatabase());
  const settings = {
    WCR_KUBECONFIG: kubeconfig,
    WCR_KUBERNETES_NAMESPACE: test.namespace,
    WCR_KUBERNETES_IMAGE: process.env['TEST_CLONE_IMAGE'] ?? 'wcr/wordpress-clone:test',
    WCR_KUBERNETES_AGENT_BASE: new URL(clonesUrl).origin,
    WCR_KUBERNETES_READY_SECONDS: '120',
    WCR_DATABASE_URL: databaseUrl,
    WCR_CLONES_URL: clonesUrl,
    WCR_RUNTIME: 'kubernetes',
    ...env,
  };
  return {
    ...{ namespace: test.namespace, kubeconfig, standIn, cluster, clonesUrl, env: settings },
    createRuntime: (more = {}, wrap = (cluster) => cluster) =>
      createKubernetesRuntime({
        ...parseEnv(kubernetesRuntimeConfig, { ...settings, ...more }),
        ...{ cluster: wrap(createCluster(() => connectCluster(kubeconfig), test.namespace)), clonesUrl, databaseUrl },
      }),
    findObjects: () => objectsLeft(cluster, undefined),
    findLeftovers: async (cloneId) => [
      ...(await objectsLeft(cluster, cloneId)),
      ...(await databasesLeft(await createConnection({ uri: databaseUrl }), cloneId)),
    ],
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const WORKER = 'worker';

/** A service account with the rights that `deploy/` gives to workers, and no others. */
async function workerConfig({ namespace, clients, configFor }: TestCluster): Promise<string> {
  const role = readWorkerRole();
  await clients.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: WORKER } } });
  await clients.rbac.createNamespacedRole({ namespace, body: { metadata: { name: WORKER }, rules: role.rules } });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: WORKER };
  const subjects = [{ kind: 'ServiceAccount', name: WORKER, namespace }];
  await clients.rbac.createNamespacedRoleBinding({ namespace, body: { metadata: { name: WORKER }, roleRef, subjects } });
  return (await configFor(WORKER)).exportConfig();
}

/** What workers may do in the namespace of clones. */
export function readWorkerRole(): { rules: V1PolicyRule[] } {
  const manifests = parseManifests(readFileSync(join(deployFolder, 'base/rbac.yaml'), 'utf8'));
  const role = manifests.find(({ kind, metadata }) => kind === 'Role' && metadata.name === 'clone-runtime');
  return { rules: role?.['rules'] as V1PolicyRule[] };
}

async function startStandIn(stack: AsyncDisposableStack): Promise<ApiServer> {
  const node = stack.use(createCloneNode());
  return stack.use(await startApiServer({ podRunner: node }));
}

async function sharedDatabase(): Promise<string> {
  const { host, port, rootUser, rootPassword } = await useMariaDb();
  return `mysql://${rootUser}:${rootPassword}@${host}:${port}`;
}

async function objectsLeft(cluster: Cluster, cloneId: string | undefined): Promise<string[]> {
  const labels = cloneId === undefined ? 'app.kubernetes.io/part-of=wp-clone-restore' : `app.kubernetes.io/instance=${cloneId}`;
  const kinds = Object.keys(KINDS) as KindName[];
  const left = await Promise.all(
    kinds.map(async (kind) => {
      const objects = await cluster.list({ kind, labels }, AbortSignal.timeout(30_000));
      return objects.map(({ metadata }) => `${kind} ${metadata.name}`);
    }),
  );
  return left.flat();
}

async function databasesLeft(connection: Connection, cloneId: string | undefined): Promise<string[]> {
  const like = (cloneId === undefined ? 'wcr_clone_%' : `wcr_${cloneId.replaceAll('-', '_')}`).replaceAll('_', '\\_');
  try {
    const [schemas] = await connection.query<RowDataPacket[]>('SHOW DATABASES LIKE ?', [like]);
    const [users] = await connection.query<RowDataPacket[]>('SELECT User FROM mysql.user WHERE User LIKE ?', [like]);
    return [...schemas.map((row) => `schema ${Object.values(row)[0]}`), ...users.map((row) => `user ${Object.values(row)[0]}`)];
  } finally {
    connection.destroy();
  }
}
