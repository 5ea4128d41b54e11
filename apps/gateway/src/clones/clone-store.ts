import { open } from 'node:fs/promises';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { type LocalClonePaths, LocalRecordFile, localClonePaths } from '@wcr/shared/contracts/local-clone';
import { CloneId } from '@wcr/shared/domain/clone-id';

/** A clone the gateway may serve. */
export type Clone = { readonly record: CloneRecord; readonly paths: LocalClonePaths };

/** Reads clones from their folders; the record file is the only authority. */
export type CloneStore = {
  /** Undefined for anything that is not a clone: a strange id, no folder, an unreadable record. */
  read(cloneId: string): Promise<Clone | undefined>;
  forget(cloneId: string): void;
};

type Cached = { readonly stamp: string; readonly clone: Clone };

/** @param localDir the folder with one folder per clone */
export function createCloneStore(localDir: string): CloneStore {
  const cache = new Map<string, Cached>();

  async function readFresh(cloneId: string): Promise<Clone | undefined> {
    const paths = localClonePaths(localDir, cloneId);
    await using file = await open(paths.record, 'r');
    const { ino, mtimeNs } = await file.stat({ bigint: true });
    const stamp = `${ino}:${mtimeNs}`;
    const known = cache.get(cloneId);
    // Writers replace the file, so inode and time name one content.
    if (known?.stamp === stamp) return known.clone;
    const clone = { record: LocalRecordFile.parse(JSON.parse(await file.readFile('utf8'))).record, paths };
    cache.set(cloneId, { stamp, clone });
    return clone;
  }

  return {
    async read(cloneId) {
      if (!CloneId.safeParse(cloneId).success) return undefined;
      try {
        return await readFresh(cloneId);
      } catch {
        cache.delete(cloneId);
        return undefined;
      }
    },
    forget(cloneId) {
      cache.delete(cloneId);
    },
  };
}

/** True when nobody may be served any more, not even the agent. */
export function isGone(clone: Clone | undefined): clone is undefined {
  return clone === undefined || clone.record.status === 'expiring' || clone.record.status === 'expired';
}

/**
 * True when visitors are refused because the clone's time is up, whoever is still busy with it. That time counts from the
 * moment it is ready: a clone that is still being made or verified has all of it before it, however long the copy took.
 */
export function isPastExpiry(record: CloneRecord, now: number): boolean {
  if (record.readyAt === undefined && isUnfinished(record)) return false;
  return record.expiresAt <= now;
}

/** True while the clone is still being made, and not yet open for its verification. */
export function isUnderWay(record: CloneRecord): boolean {
  return record.finishedAt === undefined && isUnfinished(record);
}

function isUnfinished({ status }: CloneRecord): boolean {
  return status === 'queued' || status === 'provisioning' || status === 'copying';
}
