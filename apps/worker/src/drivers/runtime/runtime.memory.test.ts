import { runRuntimeContract } from './runtime.contract.ts';
import { createMemoryRuntime } from './runtime.memory.ts';
import type { CloneHandle } from './runtime.types.ts';

runRuntimeContract('memory', async () => {
  const store = new Map<string, CloneHandle>();
  const runtime = createMemoryRuntime({ store });
  return {
    runtime,
    another: async () => createMemoryRuntime({ store }),
    makePartial: async (record) => {
      await runtime.ensure(
        { record, tablePrefix: 'wp_', databaseCharset: 'utf8mb4', databaseCollation: '' },
        AbortSignal.any([]),
      );
    },
    findLeftovers: async (cloneId) => (store.has(cloneId) ? ['an entry'] : []),
    [Symbol.asyncDispose]: async () => undefined,
  };
});
