import { mkdirSync, writeFileSync } from 'node:fs';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { runRuntimeContract } from '@wcr/worker/drivers/runtime/runtime.contract';
import { findLeftovers, startLocalGateway } from '../support/local-gateway.ts';

runRuntimeContract('local', async () => {
  const gateway = await startLocalGateway();
  return {
    runtime: gateway.runtime,
    another: async () => gateway.anotherRuntime(),
    async makePartial(record) {
      const paths = localClonePaths(gateway.localDir, record.id);
      mkdirSync(paths.folder, { recursive: true });
      writeFileSync(paths.record, JSON.stringify({ format: 1, revision: 1, record }));
      mkdirSync(paths.site);
    },
    findLeftovers: (cloneId) => findLeftovers(gateway, cloneId),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
});
