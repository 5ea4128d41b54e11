import { closeSync, constants, fchownSync, fstatSync, lstatSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import type { LocalOwnerFile } from '@wcr/shared/contracts/local-clone';
import { hasCode } from '../write-file.ts';
import { refused } from './path-guard.ts';

/** Folders kept open: an index goes depth first, so that the next file mostly lies in one of the last. */
const MAX_OPEN = 64;
const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * The folders of one site, entered name by name from the root without following a link. What is done to a name in an open
 * folder cannot be led elsewhere, whatever the clone's user does to the folders above it meanwhile; Node has no `openat`,
 * but Linux has `/proc/self/fd`.
 */
export class SiteFolders {
  /** The real root, as bytes, without trailing slash. */
  readonly root: string;
  readonly #owner: LocalOwnerFile | undefined;
  readonly #rootFd: number;
  readonly #open = new Map<string, number>();

  constructor(site: string, owner: LocalOwnerFile | undefined) {
    this.root = realpathSync.native(site, 'buffer').toString('latin1');
    this.#owner = owner;
    this.#rootFd = openSync(bytesOf(this.root), OPEN_FOLDER);
  }

  /**
   * An address of `path` for system calls, good until the next call of this object. The folders above it are made.
   * @param options.strict refuses links above it, instead of those that lead out of the site
   */
  place(path: string, options: { strict?: boolean } = {}): Buffer {
    const [above, name] = cut(path);
    return placeIn(this.#enter(above, path, options.strict === true), name);
  }

  /** The folder itself, made when there is none; a descriptor that is good until the next call of this object. */
  folder(path: string): number {
    return this.#enter(path, path, false);
  }

  /** After a folder has gone. */
  forget(path: string): void {
    for (const [known, fd] of this.#open) {
      if (known !== path && !known.startsWith(`${path}/`)) continue;
      closeSync(fd);
      this.#open.delete(known);
    }
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
    closeSync(this.#rootFd);
  }

  /** @param wanted what an error names */
  #enter(path: string, wanted: string, strict: boolean): number {
    if (path === '') return this.#rootFd;
    // Kept apart: what was reached through a link is no answer to who wants none.
    const key = strict ? `${path}/` : path;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const [above, name] = cut(path);
    const place = placeIn(this.#enter(above, wanted, strict), name);
    const fd = openOrMake(place) ?? this.#throughLink(place, wanted, strict);
    this.#keep(key, fd);
    this.#give(fd);
    return fd;
  }

  /** A link to a folder inside the site is as good as the folder, unless it is in the way of another link. */
  #throughLink(place: Buffer, wanted: string, strict: boolean): number {
    if (!lstatSync(place).isSymbolicLink()) throw Object.assign(new Error('a file is in the way'), { code: 'ENOTDIR' });
    const real = strict ? undefined : realPathOf(place);
    if (real === undefined || !`${real}/`.startsWith(`${this.root}/`)) throw refused(wanted);
    const inside = real.slice(this.root.length + 1);
    // A descriptor of its own, since each is closed once.
    return openSync(placeIn(this.#enter(inside, wanted, true), '.'), OPEN_FOLDER);
  }

  /** Also to a folder that a killed worker has made and not given away. */
  #give(fd: number): void {
    if (this.#owner && fstatSync(fd).uid === process.getuid?.()) fchownSync(fd, this.#owner.uid, this.#owner.gid);
  }

  #keep(key: string, fd: number): void {
    this.#open.set(key, fd);
    const [oldest] = this.#open;
    if (this.#open.size <= MAX_OPEN || oldest === undefined) return;
    closeSync(oldest[1]);
    this.#open.delete(oldest[0]);
  }
}

/** A path of bytes for system calls. */
export function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** The address of a name in an open folder. */
export function placeIn(folder: number, name: string): Buffer {
  return bytesOf(`/proc/self/fd/${folder}/${name}`);
}

/** Undefined when something else than a folder is there. */
function openOrMake(place: Buffer): number | undefined {
  try {
    return openSync(place, OPEN_FOLDER);
  } catch (error) {
    if (hasCode(error, 'ENOTDIR', 'ELOOP')) return undefined;
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  // As the clone's PHP would make it.
  mkdirSync(place, 0o750);
  return openSync(place, OPEN_FOLDER);
}

/** Undefined for a link that leads nowhere. */
function realPathOf(place: Buffer): string | undefined {
  try {
    return realpathSync.native(place, 'buffer').toString('latin1');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** The folder a path lies in, and its last name. */
function cut(path: string): [above: string, name: string] {
  const at = path.lastIndexOf('/');
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}
