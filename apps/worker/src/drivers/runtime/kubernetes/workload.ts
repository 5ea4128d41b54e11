import { AppError } from '@wcr/shared/errors/app-error';
import type { Cluster, KindName, KubeObject, Wait } from '../../cluster/cluster.types.ts';
import { instanceSelector } from './clone-names.ts';
import type { DatabaseAddress } from './databases.ts';
import { renderKroInstance } from './kro-instance.ts';
import type { KubernetesRuntimeConfig } from './kubernetes-runtime.config.ts';
import { type CloneWorkload, renderObjects, renderWay } from './manifests.ts';

/** Makes and removes what serves a clone. Both may be repeated. */
export type WorkloadMaker = {
  /** @param clone.database where it is known already */
  ensure(clone: CloneWorkload & { expiresAt: number; database: DatabaseAddress | undefined }, signal: AbortSignal): Promise<void>;
  /** Nobody visits the clone any more, and then no process of it runs. */
  remove(cloneId: string, signal: AbortSignal): Promise<void>;
};

const REMOVAL_MS = 180_000;

export function createWorkloadMaker(cluster: Cluster, settings: KubernetesRuntimeConfig): WorkloadMaker {
  return settings.provisioning === 'kro' ? kroWorkload(cluster) : ownWorkload(cluster, settings);
}

/** The worker applies every object itself. */
function ownWorkload(cluster: Cluster, settings: KubernetesRuntimeConfig): WorkloadMaker {
  return {
    async ensure(clone, signal) {
      const manifests = clone.target === undefined ? renderObjects(clone) : renderWay(clone);
      for (const manifest of manifests) await cluster.apply(manifest, signal);
    },
    async remove(cloneId, signal) {
      const route = settings.routing === 'traefik' ? 'IngressRoute' : 'Ingress';
      if (settings.routing !== 'none') await removeAndWait(cluster, route, cloneId, signal);
      await removeAndWait(cluster, 'Service', cloneId, signal);
      await removePods(cluster, settings, cloneId, signal);
    },
  };
}

/** Removes what runs under a name, and then what it kept. */
export async function removePods(
  cluster: Cluster,
  { storage }: Pick<KubernetesRuntimeConfig, 'storage'>,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await removeAndWait(cluster, 'Deployment', name, signal);
  await awaitNoPods(cluster, name, signal);
  if (storage === 'pvc') await removeAndWait(cluster, 'PersistentVolumeClaim', name, signal);
}

/** kro makes and removes the objects of one resource. */
function kroWorkload(cluster: Cluster): WorkloadMaker {
  return {
    async ensure(clone, signal) {
      await cluster.apply(renderKroInstance(clone, clone), signal);
    },
    async remove(cloneId, signal) {
      await removeAndWait(cluster, 'WordPressClone', cloneId, signal);
      await awaitNoPods(cluster, cloneId, signal);
    },
  };
}

/** @throws AppError `runtime.failed` when it does not go */
export async function removeAndWait(cluster: Cluster, kind: KindName, name: string, signal: AbortSignal): Promise<void> {
  await cluster.remove({ kind, name }, 'Foreground', signal);
  await awaitGone(cluster, { kind, name }, signal);
}

/** Pods outlive what owns them by their grace period, and write to the database until then. */
async function awaitNoPods(cluster: Cluster, cloneId: string, signal: AbortSignal): Promise<void> {
  await awaitGone(cluster, { kind: 'Pod', labels: instanceSelector(cloneId) }, signal);
}

async function awaitGone(cluster: Cluster, query: { kind: KindName; name?: string; labels?: string }, signal: AbortSignal) {
  const gone = await cluster.awaitState(query, (left) => left.length === 0 || undefined, { signal, limitMs: REMOVAL_MS });
  if (!gone) throw new AppError('runtime.failed', { reason: `${query.kind} ${query.name ?? query.labels} is still there` });
}

type Condition = { readonly type: string; readonly status: string; readonly message?: string };
type Waiting = { readonly reason?: string; readonly message?: string };
type ContainerStatus = { readonly name: string; readonly state?: { readonly waiting?: Waiting } };

/** What does not mend itself within the time somebody waits for a clone. */
const HOPELESS = new Set([
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImagePullBackOff',
  'CreateContainerError',
  'CrashLoopBackOff',
]);

/**
 * Waits until the clone's pod is ready.
 * @throws AppError `runtime.not_starting`, `runtime.quota_exceeded`
 */
export async function awaitPod(cluster: Cluster, cloneId: string, { signal, limitMs }: Wait): Promise<void> {
  const over = new AbortController();
  const wait = { signal: AbortSignal.any([signal, over.signal]), limitMs };
  try {
    const ready = await Promise.race([awaitAvailable(cluster, cloneId, wait), awaitTrouble(cluster, cloneId, wait)]);
    if (ready !== true) throw new AppError('runtime.not_starting', { reason: `not ready after ${limitMs / 1000} s` });
  } finally {
    over.abort();
  }
}

async function awaitAvailable(cluster: Cluster, cloneId: string, wait: Wait): Promise<true | undefined> {
  return cluster.awaitState(
    { kind: 'Deployment', name: cloneId },
    ([deployment]) => {
      if (isAvailable(deployment)) return true;
      const { conditions = [] } = (deployment?.['status'] ?? {}) as { conditions?: Condition[] };
      const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
      if (failure !== undefined) throw failureOf(failure.message ?? 'no pod could be made');
      return undefined;
    },
    wait,
  );
}

/** True when the pod of a Deployment is ready. */
export function isAvailable(deployment: KubeObject | undefined): boolean {
  const { availableReplicas = 0 } = (deployment?.['status'] ?? {}) as { availableReplicas?: number };
  return availableReplicas > 0;
}

/** Never says that all is well. */
async function awaitTrouble(cluster: Cluster, cloneId: string, wait: Wait): Promise<undefined> {
  const trouble = await cluster.awaitState({ kind: 'Pod', labels: instanceSelector(cloneId) }, troubleOf, wait);
  if (trouble !== undefined) throw failureOf(trouble);
}

function troubleOf(pods: readonly KubeObject[]): string | undefined {
  const statuses = pods.flatMap(
    (pod) => (pod['status'] as { containerStatuses?: ContainerStatus[] } | undefined)?.containerStatuses ?? [],
  );
  const stuck = statuses.find(({ state }) => HOPELESS.has(state?.waiting?.reason ?? ''));
  return stuck && `container ${stuck.name}: ${stuck.state?.waiting?.reason}: ${stuck.state?.waiting?.message ?? ''}`;
}

function failureOf(reason: string): AppError {
  return new AppError(/exceeded quota/.test(reason) ? 'runtime.quota_exceeded' : 'runtime.not_starting', { reason });
}
