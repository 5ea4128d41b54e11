import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { LocalClonePaths } from '@wcr/shared/contracts/local-clone';
import { AppError } from '@wcr/shared/errors/app-error';

/** The right to write files into a clone. One worker has it at a time, and none once the clone is copied or removed. */
export type WritingRight = {
  /** @throws AppError `runtime.failed` when another has it now, or nobody may have it any more */
  assert(): void;
  close(): void;
};

/**
 * Takes the right from whoever has it. It is a file with a name: it lasts as long as the name does, and who holds the
 * file open sees that at once and for the price of a system call, also after having been frozen.
 */
export function takeWriting(paths: LocalClonePaths): WritingRight {
  const part = `${paths.writer}.${randomBytes(6).toString('hex')}.part`;
  const fd = openSync(part, 'wx', 0o600);
  try {
    renameSync(part, paths.writer);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    assert() {
      if (fstatSync(fd).nlink === 0) throw new AppError('runtime.failed', { reason: 'its files are not this worker’s to write' });
    },
    close: () => closeSync(fd),
  };
}

/** Nobody may write into the clone from now on. */
export async function endWriting(paths: LocalClonePaths): Promise<void> {
  await rm(paths.writer, { force: true });
}
