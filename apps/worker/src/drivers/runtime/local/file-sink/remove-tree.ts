import { closeSync, constants, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { hasCode } from '../write-file.ts';
import { placeIn } from './site-folders.ts';

/**
 * Removes what a place of an open folder names; nothing there is fine. Links are removed, never followed.
 * @param options.folders whether a folder is removed with everything in it; otherwise it stays, and that is an error
 */
export function removeTree(place: Buffer, options: { folders: boolean }): void {
  try {
    unlinkSync(place);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (!options.folders || !hasCode(error, 'EISDIR', 'EPERM')) throw error;
    removeFolder(place);
  }
}

function removeFolder(place: Buffer): void {
  const fd = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    for (const name of readdirSync(placeIn(fd, '.'), 'latin1')) removeTree(placeIn(fd, name), { folders: true });
  } finally {
    closeSync(fd);
  }
  rmdirSync(place);
}
