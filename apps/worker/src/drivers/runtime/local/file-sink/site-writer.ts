import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  openSync,
  writeSync,
} from 'node:fs';
import type { LocalOwnerFile } from '@wcr/shared/contracts/local-clone';
import { AppError } from '@wcr/shared/errors/app-error';
import { pathForPeople } from '../../../agent/index-codec.ts';
import type { FilePiece } from '../../file-sink.types.ts';
import { hasCode } from '../write-file.ts';
import { DiskRoom } from './disk-room.ts';
import { removeTree } from './remove-tree.ts';
import type { SiteFolders } from './site-folders.ts';

/** No set-user-id, set-group-id or sticky bits in a clone. */
export const MODE_MASK = 0o777;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

type OpenFile = { readonly fd: number; readonly size: number };

/** Writes the pieces of files, as `FileStaging.php` does. */
export class SiteWriter {
  readonly #folders: SiteFolders;
  readonly #owner: LocalOwnerFile | undefined;
  readonly #room: DiskRoom;

  constructor(folders: SiteFolders, owner: LocalOwnerFile | undefined) {
    this.#folders = folders;
    this.#owner = owner;
    this.#room = new DiskRoom(folders);
  }

  /** Writes a piece at its offset; the last one sets size, time and mode. @param piece its path has been checked */
  write(piece: FilePiece): void {
    if (this.#owner) this.#room.take(piece.path, piece.data.length);
    const place = this.#folders.place(piece.path);
    const file = this.#open(place);
    try {
      put(file, piece);
      if (piece.eof) end(file, piece);
    } finally {
      closeSync(file.fd);
    }
  }

  #open(place: Buffer): OpenFile {
    const made = this.#create(place);
    if (made) return made;
    const found = this.#reopen(place);
    if (found) return found;
    removeTree(place, { folders: false });
    const instead = this.#create(place);
    if (instead) return instead;
    throw Object.assign(new Error('a name came back after it was removed'), { code: 'EEXIST' });
  }

  /** Undefined when there is something of that name. */
  #create(place: Buffer): OpenFile | undefined {
    let fd: number;
    try {
      fd = openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o640);
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return undefined;
      throw error;
    }
    if (this.#owner) fchownSync(fd, this.#owner.uid, this.#owner.gid);
    return { fd, size: 0 };
  }

  /**
   * Undefined for what must not be written to: a link, a device, a file with a second name, which may lie anywhere, and
   * one of another user, which is a stranger's or one that a killed worker had not given away yet.
   */
  #reopen(place: Buffer): OpenFile | undefined {
    let fd: number;
    try {
      fd = openSync(place, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (hasCode(error, 'ELOOP', 'ENXIO', 'EACCES')) return undefined;
      throw error;
    }
    const info = fstatSync(fd);
    if (info.isFile() && info.nlink === 1 && info.uid === (this.#owner?.uid ?? process.getuid?.()))
      return { fd, size: info.size };
    closeSync(fd);
    return undefined;
  }
}

function put({ fd, size }: OpenFile, { path, data, offset }: FilePiece): void {
  if (offset > size) {
    const reason = `a part of ${pathForPeople(path)} is missing: ${size} bytes are there, ${offset} comes`;
    throw new AppError('agent.invalid_arguments', { reason });
  }
  // A disk that fills up cuts a write short first and tells why only at the next one.
  for (let at = 0; at < data.length; ) at += writeSync(fd, data, at, data.length - at, offset + at);
}

function end({ fd, size: before }: OpenFile, { path, data, offset, size, mode, mtime }: FilePiece): void {
  const written = offset + data.length;
  if (written < size) {
    throw new AppError('agent.invalid_arguments', { reason: `${pathForPeople(path)} ends at ${written} of ${size} bytes` });
  }
  // What is left of a longer former version, or of a source that shrank while it was read.
  if (Math.max(before, written) > size) ftruncateSync(fd, size);
  fchmodSync(fd, mode & MODE_MASK);
  futimesSync(fd, mtime, mtime);
}
