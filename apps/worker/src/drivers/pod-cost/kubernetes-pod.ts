import type { Cluster } from '../cluster/cluster.types.ts';
import type { Pod } from './pod-cost.types.ts';

const ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
const DEADLINE_MS = 10_000;

export type PodNames = { readonly podName?: string | undefined; readonly podNamespace?: string | undefined };

/**
 * The pod this process runs in, by the names Kubernetes gave it; undefined outside of Kubernetes.
 * @param clusterOf the objects of a namespace
 */
export function connectPod(
  { podName, podNamespace }: PodNames,
  clusterOf: (namespace: string) => Pick<Cluster, 'patch'>,
): Pod | undefined {
  if (podName === undefined || podNamespace === undefined) return undefined;
  const cluster = clusterOf(podNamespace);
  return {
    async writeDeletionCost(cost) {
      const patch = { metadata: { annotations: { [ANNOTATION]: String(cost) } } };
      await cluster.patch({ kind: 'Pod', name: podName }, patch, AbortSignal.timeout(DEADLINE_MS));
    },
  };
}
