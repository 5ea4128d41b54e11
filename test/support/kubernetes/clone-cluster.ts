import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1PolicyRule } from '@kubernetes/client-node';
import { parseEnv } from '@wcr/shared/config/parse-env';
import { createCluster } from '@wcr/worker/drivers/cluster/cluster';
import { type Cluster, KINDS, type KindName } from '@wcr/worker/drivers/cluster/cluster.types';
import { connectCluster } from '@wcr/worker/drivers/cluster/connection';
import { databaseNameOf } from '@wcr/worker/drivers/runtime/clone-database';
import { kubernetesRuntimeConfig } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.config';
import { createKubernetesRuntime } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.driver';
import type { Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { parse } from 'yaml';
import { deployFolder, parseManifests } from '../manifests/build-kustomization.ts';
import { useMariaDb } from '../services.ts';
import { createCloneNode } from './clone-node.ts';
import { startIngressController } from './ingress-controller.ts';
import { type ApiServer, startApiServer } from './start-api-server.ts';
import { type TestCluster, until, useCluster } from './test-cluster.ts';

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
  /** Everything that still exists of clones or of targets made ahead, in words; without ids, whatever objects the namespace has of any. */
  findLeftovers(...ids: readonly string[]): Promise<string[]>;
};

export async function startCloneCluster(env: Readonly<Record<string, string>> = {}): Promise<CloneCluster> {
  const stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'wcr-kube-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const real = process.env['TEST_KUBECONFIG'];
  const standIn = real ? undefined : await startStandIn(stack);
  const admin = standIn?.kubeconfig ?? readFileSync(real ?? '', 'utf8');
  const test = stack.use(await useCluster(admin, async () => undefined));
  if (standIn) await installGraph(test);
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
    findLeftovers: async (...cloneIds) => [
      ...(await objectsLeft(cluster, cloneIds)),
      ...(await databasesLeft(await createConnection({ uri: databaseUrl }), cloneIds)),
    ],
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What an operator applies for kro; a real cluster has it already, or no kro. */
async function installGraph({ clients, namespace }: TestCluster): Promise<void> {
  const body = parse(readFileSync(join(deployFolder, 'kro/wordpressclone-rgd.yaml'), 'utf8'));
  await clients.custom.createClusterCustomObject({
    group: 'kro.run',
    version: 'v1alpha1',
    plural: 'resourcegraphdefinitions',
    body,
  });
  const served = { group: 'clones.wp-clone-restore.dev', version: 'v1alpha1', plural: 'wordpressclones', namespace };
  await until(async () => (await clients.custom.listNamespacedCustomObject(served)) !== undefined);
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

async function objectsLeft(cluster: Cluster, cloneIds: readonly string[]): Promise<string[]> {
  const some = `app.kubernetes.io/instance in (${cloneIds.join(',')})`;
  const labels = cloneIds.length === 0 ? 'app.kubernetes.io/part-of=wp-clone-restore' : some;
  const kinds = Object.keys(KINDS) as KindName[];
  const left = await Promise.all(
    kinds.map(async (kind) => {
      const objects = await cluster.list({ kind, labels }, AbortSignal.timeout(30_000));
      return objects.map(({ metadata }) => `${kind} ${metadata.name}`);
    }),
  );
  return left.flat();
}

/** The server may be others' too: only what belongs to these clones counts. */
async function databasesLeft(connection: Connection, cloneIds: readonly string[]): Promise<string[]> {
  const names = cloneIds.map(databaseNameOf);
  try {
    const [schemas] = await connection.query<RowDataPacket[]>('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
    const [users] = await connection.query<RowDataPacket[]>('SELECT User AS name FROM mysql.user');
    const left = (what: string, rows: RowDataPacket[]) =>
      rows.map((row) => String(row['name'])).flatMap((name) => (names.includes(name) ? [`${what} ${name}`] : []));
    return [...left('schema', schemas), ...left('user', users)];
  } finally {
    connection.destroy();
  }
}
