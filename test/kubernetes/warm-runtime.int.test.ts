import { oneOfEach } from '@wcr/stack/testing/crash-points';
import { ensureRoot } from '@wcr/worker/drivers/runtime/kubernetes/clone-root';
import { runRuntimeContract } from '@wcr/worker/drivers/runtime/runtime.contract';
import type { Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { type CloneCluster, startCloneCluster } from '../support/kubernetes/clone-cluster.ts';
import { fillPool, POOL, servedBy } from '../support/kubernetes/warm-targets.ts';

type Variant = readonly [name: string, env: Readonly<Record<string, string>>];

const IN_THE_POD = {
  WCR_KUBERNETES_DATABASE: 'sidecar',
  WCR_KUBERNETES_ROUTING: 'ingress',
  WCR_KUBERNETES_STORAGE: 'pvc',
};
const VARIANTS = oneOfEach<Variant>([
  [
    ['Kubernetes (warm targets, shared database, IngressRoute)', POOL],
    ['Kubernetes (warm targets, database in the pod, Ingress, volume)', { ...POOL, ...IN_THE_POD }],
  ],
]);

/** A runtime whose pool is never empty when a clone is asked for. @throws Error when a clone got none of it */
function withFilledPool(clones: CloneCluster, served: Map<string, string>): Runtime {
  const runtime = clones.createRuntime();
  return {
    ...runtime,
    async ensure(spec, signal) {
      const { id } = spec.record;
      if (!signal.aborted && (await servedBy(clones, id)) === undefined) await fillPool(runtime, 2);
      const handle = await runtime.ensure(spec, signal);
      const target = await servedBy(clones, id);
      if (target === undefined || target === id) throw new Error(`${id} was made the cold way`);
      served.set(id, target);
      return handle;
    },
  };
}

for (const [name, env] of VARIANTS) {
  runRuntimeContract(name, async () => {
    const clones = await startCloneCluster(env);
    const served = new Map<string, string>();
    return {
      runtime: withFilledPool(clones, served),
      another: async () => clones.createRuntime(),
      async makePartial(record) {
        await ensureRoot(clones.cluster, record, new AbortController().signal);
      },
      async findLeftovers(cloneId) {
        const target = served.get(cloneId);
        return [...(await clones.findLeftovers(cloneId)), ...(target ? await clones.findLeftovers(target) : [])];
      },
      [Symbol.asyncDispose]: () => clones[Symbol.asyncDispose](),
    };
  });
}
