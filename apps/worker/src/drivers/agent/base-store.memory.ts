import type { BaseStore } from './base-store.ts';

/** The files of a base in memory, for tests. */
export function createMemoryBaseStore(files: Map<string, Buffer> = new Map()): BaseStore & { files: Map<string, Buffer> } {
  return {
    files,
    async write({ name, offset, data }) {
      files.set(name, Buffer.concat([(files.get(name) ?? Buffer.alloc(0)).subarray(0, offset), data]));
    },
    async *read(name, { offset = 0, bytes = Number.POSITIVE_INFINITY } = {}) {
      const file = files.get(name);
      if (file !== undefined) yield file.subarray(offset, Math.min(file.length, offset + bytes));
    },
  };
}
