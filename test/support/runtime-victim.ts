import { createSealer } from '@wcr/shared/secrets/seal';
import { createLocalRuntime } from '@wcr/worker/drivers/runtime/local/local-runtime.driver';
import type { CloneSpec } from '@wcr/worker/drivers/runtime/runtime.types';

/** A process that does one thing to one clone, made to be killed in the middle of it. Says `begun` when it begins. */
const { action, spec, options, secretsKey } = JSON.parse(process.env['WCR_TEST_VICTIM'] ?? '{}') as {
  action: 'ensure' | 'remove';
  spec: CloneSpec;
  options: Parameters<typeof createLocalRuntime>[0];
  secretsKey: string;
};
const runtime = createLocalRuntime({ ...options, sealer: createSealer(secretsKey), clock: Date.now });
const { signal } = new AbortController();
process.stdout.write('begun\n');
await (action === 'ensure' ? runtime.ensure(spec, signal) : runtime.remove(spec.record.id, signal));
