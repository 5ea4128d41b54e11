import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CloneCluster, readWorkerRole, startCloneCluster } from '../support/kubernetes/clone-cluster.ts';
import { fillPool, POOL } from '../support/kubernetes/warm-targets.ts';

const signal = new AbortController().signal;
const VARIANTS: readonly Record<string, string>[] = [
  {},
  POOL,
  { WCR_KUBERNETES_DATABASE: 'sidecar', WCR_KUBERNETES_ROUTING: 'ingress', WCR_KUBERNETES_STORAGE: 'pvc' },
  { WCR_KUBERNETES_DATABASE: 'dedicated' },
  { WCR_KUBERNETES_PROVISIONING: 'kro' },
];

let clones: CloneCluster;
beforeAll(async () => {
  clones = await startCloneCluster();
  clones.standIn?.setDatabaseOutcome({ type: 'available', address: 'db.example', port: 3306 });
});
afterAll(() => clones?.[Symbol.asyncDispose]());

/** `group/resource` with the verbs, sorted. */
function byResource(rights: readonly { resource: string; verb: string }[]): Record<string, string[]> {
  const groups = Map.groupBy(rights, ({ resource }) => resource);
  return Object.fromEntries([...groups].map(([name, list]) => [name, [...new Set(list.map(({ verb }) => verb))].sort()]));
}

it('a worker makes use of every right that deploy/ gives it, and needs no other', async () => {
  for (const env of VARIANTS) {
    const runtime = clones.createRuntime(env);
    if (env === POOL) await fillPool(runtime, 1);
    const spec = createCloneSpec();
    await runtime.ensure(spec, signal);
    if (env['WCR_KUBERNETES_DATABASE'] !== 'dedicated') await runtime.awaitReady(spec.record.id, signal);
    expect(await runtime.open(spec.record.id)).toBeDefined();
    await runtime.update(spec.record.id, { status: 'copying' });
    expect(await runtime.list()).toHaveLength(1);
    await runtime.remove(spec.record.id, signal);
  }
  const user = `system:serviceaccount:${clones.namespace}:worker`;
  // Whether a watch follows a list is a matter of how fast the cluster is.
  const used = (clones.standIn?.requests.rights(user) ?? []).flatMap(({ verb, group, resource }) =>
    (verb === 'list' ? ['list', 'watch'] : [verb]).map((right) => ({ resource: `${group}/${resource}`, verb: right })),
  );
  const given = readWorkerRole().rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((name) => verbs.map((verb) => ({ resource: `${group}/${name}`, verb })))),
  );
  expect(byResource(used)).toEqual(byResource(given));
});
