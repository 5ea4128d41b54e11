import { parseEnv } from '@wcr/shared/config/parse-env';
import { createCluster } from '@wcr/worker/drivers/cluster/cluster';
import { connectCluster } from '@wcr/worker/drivers/cluster/connection';
import { kubernetesRuntimeConfig } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.config';
import { createKubernetesRuntime } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.driver';
import type { CloneSpec } from '@wcr/worker/drivers/runtime/runtime.types';

/** A process that does one thing to one clone of a cluster, made to be killed in the middle of it. */
const { action, spec } = JSON.parse(process.env['WCR_TEST_VICTIM'] ?? '{}') as { action: 'ensure' | 'remove'; spec: CloneSpec };
const config = parseEnv(kubernetesRuntimeConfig, process.env);
const runtime = createKubernetesRuntime({
  ...config,
  cluster: createCluster(() => connectCluster(config.kubeconfig), config.clonesNamespace),
  clonesUrl: process.env['WCR_CLONES_URL'] ?? '',
  databaseUrl: process.env['WCR_DATABASE_URL'],
});
const { signal } = new AbortController();
await (action === 'ensure' ? runtime.ensure(spec, signal) : runtime.remove(spec.record.id, signal));
process.exit(0);
