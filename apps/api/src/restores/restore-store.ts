import { redisKeys } from '@wcr/shared/contracts/queues';
import { RestoreRecord } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';
import { type Caller, mayAccess } from '../access/api-keys.ts';
import { createRecordStore, type RecordKind, type RecordStore } from '../records/record-store.ts';

export const RESTORE_RECORDS: RecordKind<RestoreRecord> = {
  schema: RestoreRecord,
  keyOf: redisKeys.restore,
  index: redisKeys.restoreIndex,
};

/** The records of restores, which the API begins and the workers carry on. */
export type RestoreStore = Pick<RecordStore<RestoreRecord>, 'find' | 'list' | 'change'> & {
  /** @throws AppError `restore.not_found` also for the restore of another caller: its existence is not told. */
  read(restoreId: string, caller: Caller): Promise<RestoreRecord>;
  /** A restore that failed is tried again: its record waits for the job once more, and does not fade away. */
  revive(restoreId: string): Promise<void>;
};

export function createRestoreStore(deps: { redis: Redis; sealer: Sealer }): RestoreStore {
  const { find, list, change, keep } = createRecordStore(deps, RESTORE_RECORDS);
  return {
    find,
    list,
    change,
    async read(restoreId, caller) {
      const record = await find(restoreId);
      if (!record || !mayAccess(caller, record.owner)) throw new AppError('restore.not_found', { restoreId });
      return record;
    },
    async revive(restoreId) {
      await keep(restoreId);
      const afresh = { status: 'queued', error: undefined, report: undefined, endedAt: undefined } as const;
      await change(restoreId, ({ status }) => (status === 'failed' ? afresh : undefined));
    },
  };
}
