import { crc32 } from 'node:zlib';
import type { BaseStore } from '../drivers/agent/base-store.ts';
import { encodeFileBase, FILES_BASE, type FileBase } from './file-base.ts';

type Part = { readonly path: string; readonly offset: number; readonly data: Buffer };
type Sums = { source: { size: number; crc32: number }; written: { size: number; crc32: number }; mtime: number };

/** Notes size, time and CRC-32 of every file while it is copied, page by page of the index. */
export class FileRecorder {
  readonly #store: BaseStore;
  #offset: number;
  #page = new Map<string, Sums>();

  /** @param offset where the file of the base stands after the pages that are copied already */
  constructor(store: BaseStore, offset: number) {
    this.#store = store;
    this.#offset = offset;
  }

  /** A part as the source sent it. A file that begins again is noted anew. */
  read(part: Part & { readonly mtime: number }): void {
    if (part.offset === 0) this.#page.set(part.path, newSums(part.mtime));
    add(this.#page.get(part.path)?.source, part.data);
  }

  /** What was written for it. @param path the file's path in the source */
  written(path: string, data: Buffer): void {
    add(this.#page.get(path)?.written, data);
  }

  /** Stores the page. @returns where the file of the base stands now */
  async endPage(): Promise<number> {
    const entries = [...this.#page].map(([path, sums]): FileBase => ({ path, ...sums }));
    const data = Buffer.concat(entries.map(encodeFileBase));
    await this.#store.write({ name: FILES_BASE, offset: this.#offset, data });
    this.#offset += data.length;
    this.#page = new Map();
    return this.#offset;
  }
}

/** Times as the index tells them. */
function newSums(mtime: number): Sums {
  const told = Math.max(0, Math.min(0xffff_ffff, mtime));
  return { source: { size: 0, crc32: 0 }, written: { size: 0, crc32: 0 }, mtime: told };
}

function add(sum: { size: number; crc32: number } | undefined, data: Buffer): void {
  if (sum === undefined) return;
  sum.crc32 = crc32(data, sum.crc32);
  sum.size += data.length;
}
