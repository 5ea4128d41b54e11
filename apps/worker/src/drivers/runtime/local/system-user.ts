import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalOwnerFile } from '@wcr/shared/contracts/local-clone';
import { AppError } from '@wcr/shared/errors/app-error';
import { createFileAtomically } from './write-file.ts';

/** Hands out user ids: one file per id, whose content is the clone, so that two clones can never share one. */
export type SystemUsers = {
  /** Answers the same user for the same clone, whose folder must be there. @throws AppError `runtime.failed` when all are taken. */
  claim(cloneId: string): Promise<LocalOwnerFile>;
  /** No-op when the clone has none. */
  release(cloneId: string): Promise<void>;
};

/** @param range user ids that belong to nobody else on this machine */
export function createSystemUsers(localDir: string, range: { firstUid: number; uidCount: number }): SystemUsers {
  const dir = join(localDir, '.uids');

  async function heldBy(cloneId: string): Promise<string[]> {
    const names = (await readdir(dir).catch(() => [] as string[])).filter((name) => /^\d+$/.test(name));
    const holders = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8').catch(() => '')));
    return names.filter((_, index) => holders[index] === cloneId);
  }

  /** Begins at a number that follows from the clone's id, so that claims seldom collide. */
  async function takeFree(cloneId: string): Promise<number> {
    const start = createHash('sha256').update(cloneId).digest().readUInt32BE(0);
    for (let step = 0; step < range.uidCount; step += 1) {
      const uid = range.firstUid + ((start + step) % range.uidCount);
      const path = join(dir, String(uid));
      // An unfinished claim goes away with the clone's folder.
      if (await createFileAtomically(path, cloneId, { mode: 0o600 }, join(localDir, cloneId))) return uid;
    }
    throw new AppError('runtime.failed', { reason: 'no user id is left for clones' });
  }

  return {
    async claim(cloneId) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const [held] = await heldBy(cloneId);
      const uid = held === undefined ? await takeFree(cloneId) : Number(held);
      return { uid, gid: uid };
    },
    async release(cloneId) {
      for (const name of await heldBy(cloneId)) await rm(join(dir, name), { force: true });
    },
  };
}
