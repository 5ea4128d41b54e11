import type { KubeConfig, RequestContext, Watch } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';

/** The way to the API of a cluster: where it is, and what every request carries. */
export type ClusterConnection = {
  readonly server: string;
  /** Headers and connections of a request. The token is read anew, since a pod's is replaced every hour. */
  authenticate(path: string, method: Method): Promise<{ headers: Record<string, string>; dispatcher: Dispatcher | undefined }>;
  watch(): Watch;
};
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * Reads the service account of the pod, or a kubeconfig.
 * @param kubeconfig a file; without one KUBECONFIG, the pod's own account, or ~/.kube/config
 */
export async function connectCluster(kubeconfig?: string): Promise<ClusterConnection> {
  // Loaded when it is needed: it is large, and the local runtime has no use for it.
  const {
    HttpMethod,
    KubeConfig: Configuration,
    RequestContext: Context,
    Watch: Watcher,
  } = await import('@kubernetes/client-node');
  const config = new Configuration();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('The kubeconfig names no cluster.');
  keepConnection(config);
  const methods: Record<Method, (typeof HttpMethod)[keyof typeof HttpMethod]> = HttpMethod;
  return {
    server,
    async authenticate(path, method) {
      const context = new Context(server + path, methods[method]);
      await config.applySecurityAuthentication(context);
      return { headers: { ...context.getHeaders() }, dispatcher: context.getDispatcher() as Dispatcher | undefined };
    },
    watch: () => new Watcher(config),
  };
}

/** The client makes a dispatcher, and so a TLS connection, for each request. */
function keepConnection(config: KubeConfig): void {
  const authenticate = config.applySecurityAuthentication.bind(config);
  let kept: ReturnType<RequestContext['getDispatcher']>;
  config.applySecurityAuthentication = async (request) => {
    await authenticate(request);
    kept ??= request.getDispatcher();
    if (kept !== undefined) request.setDispatcher(kept);
  };
}
