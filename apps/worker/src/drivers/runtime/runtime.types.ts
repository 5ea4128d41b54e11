import type { CloneCredentials, CloneRecord } from '@wcr/shared/contracts/clone-record';
import type { FileSink } from './file-sink.types.ts';

/** What a runtime must be told to make a clone exist. */
export type CloneSpec = {
  readonly record: CloneRecord;
  /** Table prefix of the source; the clone keeps it. */
  readonly tablePrefix: string;
  readonly databaseCharset: string;
  readonly databaseCollation: string;
};

/** Where and how a clone's standalone agent and site are reached, and what its wp-config.php needs. */
export type CloneHandle = {
  readonly record: CloneRecord;
  /** Address visitors use, without trailing slash. */
  readonly url: string;
  /** Address of the standalone agent for the worker (may be an internal one). */
  readonly agentUrl: string;
  readonly pairingKey: string;
  /** Absolute path of the site root as the clone's PHP sees it, with trailing slash. */
  readonly rootPath: string;
  readonly database: { readonly host: string; readonly name: string; readonly user: string; readonly password: string };
  readonly credentials: CloneCredentials;
};

/** Targets made ahead of clones, each of which one clone gets and nobody after it. */
export type WarmPool = {
  /**
   * Makes as many as wait for a clone between the configured minimum and maximum, and removes what is too many, too old, never
   * became ready, or was left by a clone. Does not wait until new ones are ready.
   */
  topUp(
    wanted: { readonly backlog: number },
    signal: AbortSignal,
  ): Promise<{ readonly ready: number; readonly made: number; readonly removed: number }>;
};

/**
 * Makes clones exist and disappear. Everything is idempotent; the runtime is the only authority on whether a clone exists.
 */
export type Runtime = {
  readonly name: 'local' | 'kubernetes';
  /**
   * Makes (or completes) folder, database, user, record and credentials; answers the same for the same clone id.
   * @throws AppError `clone.not_ready` when the clone is being removed.
   */
  ensure(spec: CloneSpec, signal: AbortSignal): Promise<CloneHandle>;
  /** Makes sure the agent of the clone answers at its address. @throws AppError `clone.not_found`, `runtime.*`. */
  awaitReady(cloneId: string, signal: AbortSignal): Promise<void>;
  read(cloneId: string): Promise<CloneRecord | undefined>;
  /** Everything a job needs to talk to the clone; undefined if there is none. */
  open(cloneId: string): Promise<CloneHandle | undefined>;
  list(): Promise<CloneRecord[]>;
  /** Merges fields into the record; an expiring clone stays so. No-op when the clone is gone. */
  update(cloneId: string, patch: Partial<CloneRecord>): Promise<CloneRecord | undefined>;
  /**
   * A shorter way for a copy's files than the clone's agent; undefined, or no such method, where there is none. Whoever
   * opens it takes it from who had it before, and it ends with the record's `finishedAt`.
   * @throws AppError `runtime.failed` when the clone is gone or finished.
   */
  openFiles?(cloneId: string, signal: AbortSignal): Promise<FileSink | undefined>;
  /** Routing first, then processes, database and user, files, and last the record. Verified gone on return. */
  remove(cloneId: string, signal: AbortSignal): Promise<void>;
  /**
   * Seals what the runtime keeps of a clone anew, where it seals anything itself.
   * @returns undefined when that is under the present key already
   */
  reseal?(cloneId: string): Promise<'resealed' | 'unreadable' | undefined>;
  /** Targets made ahead, where the runtime has such. */
  readonly pool?: WarmPool;
  /** The public address a clone of this id has, before it exists. */
  addressOf(cloneId: string): string;
};
