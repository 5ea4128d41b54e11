import { ensureRoot } from '@wcr/worker/drivers/runtime/kubernetes/clone-root';
import { runRuntimeContract } from '@wcr/worker/drivers/runtime/runtime.contract';
import { startCloneCluster } from '../support/kubernetes/clone-cluster.ts';

const VARIANTS: Readonly<Record<string, Record<string, string>>> = {
  'Kubernetes (manifests, shared database, IngressRoute)': {},
  'Kubernetes (manifests, database in the pod, Ingress, volume)': {
    WCR_KUBERNETES_DATABASE: 'sidecar',
    WCR_KUBERNETES_ROUTING: 'ingress',
    WCR_KUBERNETES_STORAGE: 'pvc',
  },
  'Kubernetes (kro, shared database, IngressRoute)': { WCR_KUBERNETES_PROVISIONING: 'kro' },
  'Kubernetes (kro, database in the pod, Ingress)': {
    WCR_KUBERNETES_PROVISIONING: 'kro',
    WCR_KUBERNETES_DATABASE: 'sidecar',
    WCR_KUBERNETES_ROUTING: 'ingress',
  },
};

for (const [name, env] of Object.entries(VARIANTS)) {
  runRuntimeContract(name, async () => {
    const clones = await startCloneCluster(env);
    return {
      runtime: clones.createRuntime(),
      another: async () => clones.createRuntime(),
      async makePartial(record) {
        // What a worker leaves that is killed right after its first request.
        await ensureRoot(clones.cluster, record, new AbortController().signal);
      },
      findLeftovers: (cloneId) => clones.findLeftovers(cloneId),
      [Symbol.asyncDispose]: () => clones[Symbol.asyncDispose](),
    };
  });
}
