import type { CoreV1Api, KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { Pod } from './pod-cost.types.ts';

const ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
const DEADLINE_MS = 5_000;

export type PodNames = { readonly podName?: string | undefined; readonly podNamespace?: string | undefined };

/** The one call that is made of the API of Kubernetes. */
export type PodApi = { patchPod(name: string, namespace: string, body: object): Promise<void> };

/** The pod this process runs in, by the names Kubernetes gave it; undefined outside of Kubernetes. */
export function connectPod({ podName, podNamespace }: PodNames, connect = connectInCluster): Pod | undefined {
  if (podName === undefined || podNamespace === undefined) return undefined;
  let connected: Promise<PodApi> | undefined;
  return {
    async writeDeletionCost(cost) {
      connected ??= connect();
      const api = await connected;
      await api.patchPod(podName, podNamespace, { metadata: { annotations: { [ANNOTATION]: String(cost) } } });
    },
  };
}

/** Loaded when it is needed: it is large, and the local runtime has no use for it. */
async function connectInCluster(): Promise<PodApi> {
  const { CoreV1Api: Api, KubeConfig: Configuration, PatchStrategy, setHeaderOptions } = await import('@kubernetes/client-node');
  const config = new Configuration();
  config.loadFromCluster();
  keepConnection(config);
  const api: CoreV1Api = config.makeApiClient(Api);
  // The client would announce a JSON patch, which is a list of operations.
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  return {
    async patchPod(name, namespace, body) {
      await api.patchNamespacedPod({ name, namespace, body }, merge);
    },
  };
}

/** The client makes a dispatcher, and so a TLS connection, for each request, and waits for ever for an answer. */
function keepConnection(config: KubeConfig): void {
  const authenticate = config.applySecurityAuthentication.bind(config);
  let kept: ReturnType<RequestContext['getDispatcher']>;
  config.applySecurityAuthentication = async (request) => {
    await authenticate(request);
    kept ??= request.getDispatcher();
    if (kept !== undefined) request.setDispatcher(kept);
    request.setSignal(AbortSignal.timeout(DEADLINE_MS));
  };
}
