import type { Redactor } from '@wcr/shared/telemetry/redactor';
import type { CloneHandle, Runtime } from './runtime.types.ts';

/** Makes the secrets of clones known to the redactor as they are handed out. */
export function knowSecrets(runtime: Runtime, redactor: Redactor): Runtime {
  const know = (handle: CloneHandle): CloneHandle => {
    const { password, loginSecret } = handle.credentials;
    redactor.add(handle.pairingKey, handle.database.password, password, ...(loginSecret === undefined ? [] : [loginSecret]));
    return handle;
  };
  return {
    ...runtime,
    ensure: async (spec, signal) => know(await runtime.ensure(spec, signal)),
    async open(cloneId) {
      const handle = await runtime.open(cloneId);
      return handle && know(handle);
    },
  };
}
