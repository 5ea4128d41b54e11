import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** Opens a plain file of the site; where it really lies is asked of the opened file, so that no link can be swapped in between. */
export async function openInside(site: string, path: string): Promise<FileHandle | undefined> {
  const full = join(site, path);
  // Without O_NONBLOCK opening a named pipe would wait for its writer.
  const file = await open(full, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return undefined;
  const [root, real, info] = await Promise.all([
    realpath(site),
    readlink(`/proc/self/fd/${file.fd}`).catch(() => realpath(full)),
    file.stat(),
  ]).catch(() => ['', '', undefined] as const);
  if (info?.isFile() && root !== '' && real.startsWith(root + sep)) return file;
  await file.close();
  return undefined;
}
