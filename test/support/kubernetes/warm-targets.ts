import type { Cluster } from '@wcr/worker/drivers/cluster/cluster.types';
import { TARGET_ANNOTATION } from '@wcr/worker/drivers/runtime/kubernetes/clone-names';
import { listTargets, type WarmTarget } from '@wcr/worker/drivers/runtime/kubernetes/warm/warm-target';
import type { Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { waitUntil } from '@wcr/worker/testing/wait-until';
import type { CloneCluster } from './clone-cluster.ts';

const signal = new AbortController().signal;

export const POOL = { WCR_KUBERNETES_POOL_MAX: '5' };

/** One pass over the pool. @param backlog clones that wait for a worker */
export async function topUp({ pool }: Runtime, backlog: number): Promise<{ ready: number; made: number; removed: number }> {
  if (pool === undefined) throw new Error('the runtime has no pool');
  return await pool.topUp({ backlog }, signal);
}

/** Passes over the pool until so many targets wait for a clone. */
export async function fillPool(runtime: Runtime, count: number): Promise<void> {
  await waitUntil(async () => (await topUp(runtime, count)).ready === count, `${count} warm targets`);
}

/** Removes what is left of the pool; claimed targets of clones that exist stay. */
export async function emptyPool(clones: CloneCluster): Promise<void> {
  await topUp(clones.createRuntime({ WCR_KUBERNETES_POOL_MAX: '0' }), 0);
}

/** What serves a clone: the name of a warm target, or the clone's own. */
export async function servedBy({ cluster }: CloneCluster, cloneId: string): Promise<string | undefined> {
  return (await cluster.read({ kind: 'ConfigMap', name: cloneId }, signal))?.metadata.annotations?.[TARGET_ANNOTATION];
}

export async function targetsOf({ cluster }: CloneCluster): Promise<WarmTarget[]> {
  return await listTargets(cluster, signal);
}

/** What exists in the namespace, and the schemas and users of the named clones and targets: other tests share the server. */
export async function findRemains(clones: CloneCluster, names: Iterable<string | undefined>): Promise<string[]> {
  const known = [...new Set(names)].filter((name) => name !== undefined);
  const left = await Promise.all(known.map((name) => clones.findLeftovers(name)));
  return [...(await clones.findLeftovers()), ...left.flat()];
}

/** A cluster that a worker loses for good with the answer to its n-th request, as if it were killed there. */
export function dyingCluster(cluster: Cluster, calls: number): Cluster & { readonly isDead: () => boolean } {
  let left = calls;
  const dying = <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => {
    return async (...args: Args): Promise<T> => {
      if (left <= 0) throw new Error('killed');
      left -= 1;
      const answer = await call(...args);
      if (left <= 0) throw new Error('killed');
      return answer;
    };
  };
  return {
    ...cluster,
    create: dying(cluster.create),
    apply: dying(cluster.apply),
    patch: dying(cluster.patch),
    read: dying(cluster.read),
    list: dying(cluster.list),
    remove: dying(cluster.remove),
    isDead: () => left <= 0,
  };
}
