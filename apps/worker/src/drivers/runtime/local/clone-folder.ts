import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { type LocalClonePaths, LocalOwnerFile, LocalRecordFile, localClonePaths } from '@wcr/shared/contracts/local-clone';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { hasCode, writeFileAtomically } from './write-file.ts';

/** A removal or creation that was cut off is cleaned up when it is older than this. */
const DEBRIS_MS = 10 * 60_000;

export type FoundFolder =
  | { readonly kind: 'record'; readonly file: LocalRecordFile }
  | { readonly kind: 'unreadable'; readonly changedAt: number }
  | { readonly kind: 'none' };

/** Reads what stands in a clone's folder. */
export async function readFolder(paths: LocalClonePaths): Promise<FoundFolder> {
  try {
    return { kind: 'record', file: LocalRecordFile.parse(JSON.parse(await readFile(paths.record, 'utf8'))) };
  } catch {
    const info = await stat(paths.folder).catch(() => undefined);
    return info ? { kind: 'unreadable', changedAt: info.mtimeMs } : { kind: 'none' };
  }
}

/** The system user of a clone; undefined where everything runs as one user. */
export async function readOwner(paths: LocalClonePaths): Promise<LocalOwnerFile | undefined> {
  try {
    return LocalOwnerFile.parse(JSON.parse(await readFile(paths.owner, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Makes a clone's folder with its record in one step: no folder is ever without a record. No-op when there is one. */
export async function createFolder(localDir: string, record: CloneRecord): Promise<void> {
  const paths = localClonePaths(localDir, record.id);
  const draft = join(localDir, `.new-${record.id}-${randomBytes(4).toString('hex')}`);
  // The clones' users pass through the common folder.
  if ((await mkdir(localDir, { recursive: true })) !== undefined) await chmod(localDir, 0o711);
  await mkdir(draft, { mode: 0o700 });
  await writeFile(join(draft, 'record.json'), render({ format: 1, revision: 1, record }), { mode: 0o600, flush: true });
  try {
    await rename(draft, paths.folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

export async function writeRecord(paths: LocalClonePaths, file: LocalRecordFile): Promise<void> {
  await writeFileAtomically(paths.record, render(file), { mode: 0o600 });
}

/** Makes the folders PHP works in. The clone's user owns those it writes to, and only passes through the others. */
export async function ensureFolders(paths: LocalClonePaths, owner: LocalOwnerFile | undefined): Promise<void> {
  const passed = owner ? { uid: 0, gid: owner.gid, mode: 0o710 } : { mode: 0o700 };
  await ensureFolder(paths.folder, passed);
  await ensureFolder(dirname(paths.agentConfig), owner ? { uid: 0, gid: owner.gid, mode: 0o750 } : { mode: 0o700 });
  const own = owner ? { ...owner, mode: 0o750 } : { mode: 0o700 };
  for (const path of [paths.site, paths.agentWork, paths.temp, paths.logs]) await ensureFolder(path, own);
}

/** Removes all a clone has on disk, its record last. Unpaired with a lock, two removals at once still end well. */
export async function removeFolder(localDir: string, cloneId: string): Promise<void> {
  const paths = localClonePaths(localDir, cloneId);
  const names = await readdir(paths.folder).catch(() => [] as string[]);
  const keptLast = new Set(['record.json']);
  for (const name of names) {
    if (!keptLast.has(name)) await rm(join(paths.folder, name), { recursive: true, force: true });
  }
  const gone = join(localDir, `.gone-${cloneId}-${randomBytes(4).toString('hex')}`);
  try {
    await rename(paths.folder, gone);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  await rm(gone, { recursive: true, force: true });
}

/** The ids of all folders there are. Removes what a cut-off creation or removal has left. */
export async function listFolders(localDir: string, now: number): Promise<CloneId[]> {
  const names = await readdir(localDir).catch(() => [] as string[]);
  await Promise.all(names.filter((name) => /^\.(new|gone)-/.test(name)).map((name) => removeDebris(join(localDir, name), now)));
  return names.flatMap((name) => {
    const id = CloneId.safeParse(name);
    return id.success ? [id.data] : [];
  });
}

async function removeDebris(path: string, now: number): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info && now - info.mtimeMs > DEBRIS_MS) await rm(path, { recursive: true, force: true });
}

async function ensureFolder(path: string, want: { mode: number; uid?: number; gid?: number }): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (want.uid !== undefined && want.gid !== undefined) await chown(path, want.uid, want.gid);
  await chmod(path, want.mode);
}

function render(file: LocalRecordFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}
