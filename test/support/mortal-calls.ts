import fileSystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { Connection } from 'mysql2/promise';

/** Makes calls to the file system and the database fail as if the process had died before one of them. */
export type MortalCalls = Disposable & {
  /** The next `calls` calls work; the one after them, and all later ones, fail. */
  dieAfter(calls: number): void;
  /** Ends the death. Answers whether it had come. */
  revive(): boolean;
};

const NAMES = ['chmod', 'chown', 'link', 'mkdir', 'open', 'readFile', 'readdir', 'rename', 'rm', 'stat', 'writeFile'] as const;

/** Wraps the calls until disposed. @param sample any connection: all of its kind are wrapped */
export function wrapCalls(sample: Connection): MortalCalls {
  let left = Number.POSITIVE_INFINITY;
  const mortal = <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async function (this: unknown, ...args: A): Promise<R> {
      if (left <= 0) {
        left = -1;
        throw new Error('the process has died here');
      }
      left -= 1;
      return await call.apply(this, args);
    };
  const holder = fileSystem as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const connection = Object.getPrototypeOf(sample) as typeof holder;
  const undo: (() => void)[] = [];
  const wrap = (on: typeof holder, name: string): void => {
    const original = on[name];
    if (original === undefined) throw new Error(`there is no ${name}`);
    on[name] = mortal(original);
    undo.push(() => {
      on[name] = original;
    });
  };
  for (const name of NAMES) wrap(holder, name);
  wrap(connection, 'query');
  syncBuiltinESMExports();
  return {
    dieAfter(calls) {
      left = calls;
    },
    revive() {
      const hasDied = left < 0;
      left = Number.POSITIVE_INFINITY;
      return hasDied;
    },
    [Symbol.dispose]() {
      for (const restore of undo) restore();
      syncBuiltinESMExports();
    },
  };
}
