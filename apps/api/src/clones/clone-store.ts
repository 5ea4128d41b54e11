import { CloneCredentials, CloneRecord } from '@wcr/shared/contracts/clone-record';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';
import { type Caller, mayAccess } from '../access/api-keys.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { createRecordStore, type RecordKind, type RecordStore } from '../records/record-store.ts';

export const CLONE_RECORDS: RecordKind<CloneRecord> = {
  schema: CloneRecord,
  keyOf: redisKeys.clone,
  index: redisKeys.cloneIndex,
};

/** The API's view of the projection of clones that the workers keep in Redis. */
export type CloneStore = Pick<RecordStore<CloneRecord>, 'list' | 'change'> & {
  /** @throws AppError `clone.not_found` also for the clone of another caller: its existence is not told. */
  read(cloneId: string, caller: Caller): Promise<CloneRecord>;
  /** The owner of a clone, if the projection knows it. */
  ownerOf(cloneId: string): Promise<string | undefined>;
  /** A clone that failed is made again: its record waits for the job once more, and does not fade away. */
  revive(cloneId: string): Promise<void>;
  /** @throws AppError `clone.credentials_missing`, `secret.unreadable` */
  credentials(cloneId: string): Promise<CloneCredentials>;
};

export function createCloneStore(deps: { redis: Redis; sealer: Sealer }): CloneStore {
  const { redis, sealer } = deps;
  const { find, list, change, keep } = createRecordStore(deps, CLONE_RECORDS);
  return {
    list,
    change,
    async read(cloneId, caller) {
      const record = await find(cloneId);
      if (!record || !mayAccess(caller, record.owner)) throw new AppError('clone.not_found', { cloneId });
      return record;
    },
    async ownerOf(cloneId) {
      return (await find(cloneId))?.owner;
    },
    async revive(cloneId) {
      await keep(cloneId);
      await change(cloneId, ({ status }) => (status === 'failed' ? { status: 'queued', error: undefined } : undefined));
    },
    async credentials(cloneId) {
      const sealed = await viaRedis(() => redis.get(redisKeys.credentials(cloneId)));
      if (sealed === null) throw new AppError('clone.credentials_missing', { cloneId });
      return CloneCredentials.parse(sealer.open(sealed, `credentials:${cloneId}`));
    },
  };
}
