import { statfsSync } from 'node:fs';
import { AppError } from '@wcr/shared/errors/app-error';
import { pathForPeople } from '../../../agent/index-codec.ts';
import { placeIn, type SiteFolders } from './site-folders.ts';

/** Looking costs as much as writing a small file; in between, so much may go unseen. */
const UNSEEN_BYTES = 1 << 20;
/** What a file takes besides its bytes. */
const FILE_BYTES = 4_096;

/** Root may fill what a file system keeps back for it, and more than a quota allows; a clone may not. */
export class DiskRoom {
  readonly #folders: SiteFolders;
  #unseen = UNSEEN_BYTES;

  constructor(folders: SiteFolders) {
    this.#folders = folders;
  }

  /** @throws AppError `target.disk_full` when there is no room for so many bytes more */
  take(path: string, bytes: number): void {
    this.#unseen += bytes + FILE_BYTES;
    if (this.#unseen < UNSEEN_BYTES) return;
    this.#unseen = 0;
    const { bavail, bsize } = statfsSync(placeIn(this.#folders.folder(''), '.'));
    if (bavail * bsize >= bytes) return;
    throw new AppError('target.disk_full', { reason: `${pathForPeople(path)} could not be written whole` });
  }
}
