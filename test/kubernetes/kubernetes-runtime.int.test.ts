import { oneOfEach } from '@wcr/stack/testing/crash-points';
import { ensureRoot } from '@wcr/worker/drivers/runtime/kubernetes/clone-root';
import { runRuntimeContract } from '@wcr/worker/drivers/runtime/runtime.contract';
import { startCloneCluster } from '../support/kubernetes/clone-cluster.ts';

type Variant = readonly [name: string, env: Readonly<Record<string, string>>];

const SIDECAR = { WCR_KUBERNETES_DATABASE: 'sidecar', WCR_KUBERNETES_ROUTING: 'ingress' };
const KRO = { WCR_KUBERNETES_PROVISIONING: 'kro' };

/** Whole clones are made in either way, with what is the default otherwise, in kubernetes-jobs.e2e. */
const VARIANTS = oneOfEach<Variant>([
  [
    ['Kubernetes (manifests, shared database, IngressRoute)', {}],
    ['Kubernetes (manifests, database in the pod, Ingress, volume)', { ...SIDECAR, WCR_KUBERNETES_STORAGE: 'pvc' }],
  ],
  [
    ['Kubernetes (kro, shared database, IngressRoute)', KRO],
    ['Kubernetes (kro, database in the pod, Ingress)', { ...KRO, ...SIDECAR }],
  ],
]);

for (const [name, env] of VARIANTS) {
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
