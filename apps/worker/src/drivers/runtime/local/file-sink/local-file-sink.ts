import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { LocalClonePaths, LocalOwnerFile } from '@wcr/shared/contracts/local-clone';
import type { FileSink } from '../../file-sink.types.ts';
import { nameDiskError } from './disk-error.ts';
import { checkPath } from './path-guard.ts';
import { SiteFolders } from './site-folders.ts';
import { SiteMaker } from './site-maker.ts';
import { SiteWriter } from './site-writer.ts';
import { takeWriting } from './writing-right.ts';

/** Longest time without a turn of the event loop, but for one piece: locks are renewed on it. */
const SLICE_MS = 10;

/** Whether this machine lets a process hold on to a folder while it works in it (see SiteFolders). */
export const canWriteDirectly = process.platform === 'linux' && existsSync('/proc/self/fd');

/**
 * Writes straight into a clone's folder, by system calls that block: for small files they take a third of the CPU time that
 * asynchronous ones take, most of which is spent on handing seven calls a file to other threads (docs/adr/0005).
 * Takes the right to write from whoever has it.
 * @param owner who gets the files, when the process may give them away
 */
export function createLocalFileSink(paths: LocalClonePaths, owner: LocalOwnerFile | undefined, signal: AbortSignal): FileSink {
  const right = takeWriting(paths);
  const folders = new SiteFolders(paths.site, owner);
  const writer = new SiteWriter(folders, owner);
  const maker = new SiteMaker(folders, paths, owner);

  async function each<T extends { readonly path: string }>(items: readonly T[], effect: (item: T) => void): Promise<void> {
    signal.throwIfAborted();
    let began = performance.now();
    for (const item of items) {
      if (performance.now() - began > SLICE_MS) {
        await turn();
        signal.throwIfAborted();
        began = performance.now();
      }
      right.assert();
      checkPath(item.path);
      try {
        effect(item);
      } catch (error) {
        throw nameDiskError(error, item.path);
      }
    }
  }

  return {
    writeFiles: (pieces) => each(pieces, (piece) => writer.write(piece)),
    makeEntries: (entries) => each(entries, (entry) => maker.make(entry)),
    async [Symbol.asyncDispose]() {
      right.close();
      folders.close();
    },
  };
}
