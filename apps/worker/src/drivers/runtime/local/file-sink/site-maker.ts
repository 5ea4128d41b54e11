import { randomBytes } from 'node:crypto';
import { fchmodSync, lchownSync, lstatSync, readlinkSync, renameSync, type Stats, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalClonePaths, LocalOwnerFile } from '@wcr/shared/contracts/local-clone';
import { AppError } from '@wcr/shared/errors/app-error';
import type { MadeEntry } from '../../file-sink.types.ts';
import { hasCode } from '../write-file.ts';
import { checkTarget } from './path-guard.ts';
import { removeTree } from './remove-tree.ts';
import { bytesOf, type SiteFolders } from './site-folders.ts';
import { MODE_MASK } from './site-writer.ts';

/** Makes folders and links, as `FileStaging.php` does. */
export class SiteMaker {
  readonly #folders: SiteFolders;
  readonly #owner: LocalOwnerFile | undefined;
  readonly #draft: string;

  /** @param paths links are made in the clone's folder first, where its user cannot reach */
  constructor(folders: SiteFolders, paths: LocalClonePaths, owner: LocalOwnerFile | undefined) {
    this.#folders = folders;
    this.#owner = owner;
    this.#draft = join(paths.folder, `link.${randomBytes(6).toString('hex')}.part`);
  }

  /** @param entry its path has been checked, its target has not */
  make(entry: MadeEntry): void {
    if (entry.kind === 'd') this.#makeFolder(entry.path, entry.mode);
    else this.#makeLink(entry.path, entry.target);
  }

  #makeFolder(path: string, mode: number): void {
    const place = this.#folders.place(path);
    const found = statOf(lstatSync, place);
    if (found?.isSymbolicLink() && statOf(statSync, place)?.isDirectory()) {
      // As good as a folder, if it is inside.
      this.#folders.folder(path);
      return;
    }
    if (found !== undefined && !found.isDirectory()) removeTree(place, { folders: false });
    // The owner must be able to fill it and to remove it again.
    fchmodSync(this.#folders.folder(path), (mode & MODE_MASK) | 0o700);
  }

  #makeLink(path: string, target: string | undefined): void {
    if (target === undefined) throw new AppError('agent.invalid_arguments', { reason: 'a link needs a target' });
    checkTarget(this.#folders.root, path, target);
    const place = this.#folders.place(path, { strict: true });
    if (linkAt(place) === target) return;
    removeTree(bytesOf(this.#draft), { folders: false });
    symlinkSync(bytesOf(target), this.#draft);
    // By its name in a folder of the clone's user it could be another file by then.
    if (this.#owner) lchownSync(this.#draft, this.#owner.uid, this.#owner.gid);
    try {
      renameSync(this.#draft, place);
    } catch (error) {
      if (!hasCode(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST')) throw error;
      removeTree(place, { folders: true });
      this.#folders.forget(path);
      renameSync(this.#draft, this.#folders.place(path, { strict: true }));
    }
  }
}

function statOf(stat: (path: Buffer) => Stats, place: Buffer): Stats | undefined {
  try {
    return stat(place);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function linkAt(place: Buffer): string | undefined {
  try {
    return readlinkSync(place, 'buffer').toString('latin1');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EINVAL')) return undefined;
    throw error;
  }
}
