import { randomBytes } from 'node:crypto';
import { chown, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LocalOwnerFile } from '@wcr/shared/contracts/local-clone';

export type FileRights = { readonly mode: number; readonly owner?: { readonly uid: number; readonly gid: number } | undefined };

/** Replaces a file in one step: readers see the old content or the new one, also after a crash. */
export async function writeFileAtomically(path: string, content: string, rights: FileRights): Promise<void> {
  const part = await writePart(path, content, rights);
  await rename(part, path);
}

/**
 * Creates a file with its content in one step. Answers false, and changes nothing, when it exists.
 * @param partIn folder for the unfinished file, on the same file system; beside the file by default
 */
export async function createFileAtomically(
  path: string,
  content: string,
  rights: FileRights,
  partIn: string = dirname(path),
): Promise<boolean> {
  const part = await writePart(join(partIn, basename(path)), content, rights);
  try {
    await link(part, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
}

/** True for a system error with one of the codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** Root keeps what a clone's PHP may read but not change; the group is the clone's. */
export function readableBy(owner: LocalOwnerFile | undefined): FileRights['owner'] {
  return owner ? { uid: 0, gid: owner.gid } : undefined;
}

async function writePart(path: string, content: string, rights: FileRights): Promise<string> {
  const part = `${path}.${randomBytes(6).toString('hex')}.part`;
  await using file = await open(part, 'wx', rights.mode);
  await file.writeFile(content);
  await file.chmod(rights.mode);
  await file.sync();
  if (rights.owner) await chown(part, rights.owner.uid, rights.owner.gid);
  return part;
}
