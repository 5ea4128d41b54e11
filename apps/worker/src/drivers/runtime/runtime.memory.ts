import { createHash } from 'node:crypto';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import { mergeRecord } from './merge-record.ts';
import type { CloneHandle, CloneSpec, Runtime } from './runtime.types.ts';

export type MemoryRuntimeOptions = {
  readonly clonesUrl?: string;
  /** Where the agents of clones answer, when a test has one. */
  readonly agentUrlOf?: (cloneId: string) => string;
  /** Handed to a second instance, clones survive the first. */
  readonly store?: Map<string, CloneHandle>;
};

/** A runtime whose clones are entries of a map, for tests of what uses runtimes. */
export function createMemoryRuntime(options: MemoryRuntimeOptions = {}): Runtime {
  const { clonesUrl = 'http://clones.test', store = new Map<string, CloneHandle>() } = options;
  const addressOf = (cloneId: string): string => `${clonesUrl}/${cloneId}`;
  const agentUrlOf = options.agentUrlOf ?? ((cloneId: string) => `${addressOf(cloneId)}/.wcr/agent`);

  function make({ record }: CloneSpec): CloneHandle {
    const { id } = record;
    const name = `wcr_${id.replaceAll('-', '_')}`;
    return {
      record,
      url: addressOf(id),
      agentUrl: agentUrlOf(id),
      pairingKey: derived(id, 'pairing key'),
      rootPath: `/clones/${id}/site/`,
      database: { host: 'localhost', name, user: name, password: derived(id, 'database') },
      credentials: {
        username: 'clone-admin',
        password: derived(id, 'admin'),
        loginUrl: `${addressOf(id)}/wp-login.php`,
        loginSecret: derived(id, 'login links'),
      },
    };
  }

  return {
    name: 'local',
    async ensure(spec, signal) {
      signal.throwIfAborted();
      const id = CloneId.parse(spec.record.id);
      const handle = store.get(id) ?? make(spec);
      const { status } = handle.record;
      if (status === 'expiring' || status === 'expired') throw new AppError('clone.not_ready', { cloneId: id, status });
      store.set(id, handle);
      return handle;
    },
    async awaitReady(cloneId, signal) {
      signal.throwIfAborted();
      if (!store.has(cloneId)) throw new AppError('clone.not_found', { cloneId });
    },
    read: async (cloneId) => store.get(cloneId)?.record,
    open: async (cloneId) => store.get(cloneId),
    list: async () => [...store.values()].map((handle) => handle.record),
    async update(cloneId, patch: Partial<CloneRecord>) {
      const handle = store.get(cloneId);
      if (handle === undefined) return undefined;
      const record = mergeRecord(handle.record, patch);
      store.set(cloneId, { ...handle, record });
      return record;
    },
    async remove(cloneId, signal) {
      signal.throwIfAborted();
      store.delete(cloneId);
    },
    addressOf,
  };
}

function derived(cloneId: string, purpose: string): string {
  return createHash('sha256').update(`${cloneId}:${purpose}`).digest('hex');
}
