/** Bytes of a file at an offset. Paths are raw bytes as latin1 strings, relative to the site root (see index-codec). */
export type FilePiece = {
  readonly path: string;
  readonly data: Buffer;
  readonly offset: number;
  /** True for the last piece: then size, time and mode are set. */
  readonly eof: boolean;
  readonly size: number;
  /** Unix seconds. */
  readonly mtime: number;
  readonly mode: number;
};

/** A folder or a link, whose `target` is raw bytes as well. */
export type MadeEntry = { readonly kind: 'd' | 'l'; readonly path: string; readonly mode: number; readonly target?: string };

/**
 * Where the files of a copy go. Pieces of one file come in order; whatever comes again changes nothing. Paths and targets
 * come from the source and are not to be trusted: nothing leads out of the site.
 */
export type FileSink = AsyncDisposable & {
  /** @throws AppError `agent.path_refused`, `agent.invalid_arguments`, `target.disk_full`, `target.not_writable`, `runtime.failed` */
  writeFiles(pieces: readonly FilePiece[]): Promise<void>;
  /** @throws the same */
  makeEntries(entries: readonly MadeEntry[]): Promise<void>;
};
