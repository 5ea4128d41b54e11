import type { FilePart } from '../../drivers/agent/answers.ts';
import { type IndexEntry, pathForPeople } from '../../drivers/agent/index-codec.ts';
import { prefetch } from '../../drivers/agent/prefetch.ts';
import type { SourceAgent } from '../../drivers/agent/source-agent.ts';
import { WriteBehind } from '../../drivers/agent/write-behind.ts';
import type { FileSink, MadeEntry } from '../../drivers/runtime/file-sink.types.ts';
import type { FileRewriting, OutgoingPart } from './file-rewriting.ts';
import type { FileRule } from './file-rules.ts';

const MAX_BATCH_BYTES = 8 << 20;
const MAX_BATCH_PARTS = 2_000;
/** Read-ahead: many small files or a few parts of large ones. */
const READ_AHEAD = { items: 1_000, bytes: 12 << 20, sizeOf: (part: FilePart) => part.data.length };
const MAX_ROUNDS = 4;

export type FileProgress = (added: { files: number; bytes: number }) => void;

/** Somebody who wants to know what is read and written. Parts of a file come in order; one that begins again is read anew. */
export type FileWatch = {
  read(part: FilePart): void;
  /** @param path the file's path in the source */
  written(path: string, data: Buffer): void;
};

export type FileSides = {
  readonly source: SourceAgent;
  readonly sink: FileSink;
  readonly maxRequestBytes: number;
  readonly rule: (path: string) => FileRule;
  readonly rewriting: FileRewriting;
  readonly recorder?: FileWatch;
  readonly onProgress: FileProgress;
  readonly warn: (message: string) => void;
};

type Wanted = { readonly entry: IndexEntry; readonly as: string };

/** Copies the folders, links and files of one index page. A file that changes while it is read is read again. */
export async function copyEntries(sides: FileSides, entries: readonly IndexEntry[]): Promise<void> {
  const planned = entries.flatMap((entry) => plan(sides, entry));
  await makeFolders(sides, planned);
  let wanted = planned.filter(({ entry }) => entry.kind === 'f');
  for (let round = 1; wanted.length > 0; round += 1) {
    const again = await copyFiles(sides, wanted);
    if (round === MAX_ROUNDS)
      for (const { entry } of again) sides.warn(`${pathForPeople(entry.path)} kept changing while it was copied`);
    wanted = round === MAX_ROUNDS ? [] : again;
  }
  await makeLinks(sides, planned);
}

function plan(sides: FileSides, entry: IndexEntry): Wanted[] {
  const rule = sides.rule(entry.path);
  if (rule.action === 'skip') return [];
  if (rule.action === 'park') sides.warn(`${pathForPeople(entry.path)} is parked in the clone`);
  return [{ entry, as: rule.as }];
}

async function makeFolders(sides: FileSides, planned: readonly Wanted[]): Promise<void> {
  const folders = planned
    .filter(({ entry }) => entry.kind === 'd')
    .map(({ entry, as }): MadeEntry => ({ kind: 'd', path: as, mode: entry.mode }));
  for (let at = 0; at < folders.length; at += MAX_BATCH_PARTS)
    await sides.sink.makeEntries(folders.slice(at, at + MAX_BATCH_PARTS));
}

async function makeLinks(sides: FileSides, planned: readonly Wanted[]): Promise<void> {
  const links = planned
    .filter(({ entry }) => entry.kind === 'l')
    .map(({ entry, as }): MadeEntry => ({ kind: 'l', path: as, mode: entry.mode, target: entry.target }));
  if (links.length > 0) await sides.sink.makeEntries(links);
}

/** @returns the files that changed while they were read */
async function copyFiles(sides: FileSides, wanted: readonly Wanted[]): Promise<Wanted[]> {
  const byPath = new Map(wanted.map((file) => [file.entry.path, file]));
  const changes = new ChangeWatch();
  await using writer = new BatchWriter(sides);
  const parts = prefetch(sides.source.files(wanted.map(({ entry }) => ({ path: entry.path, offset: 0 }))), READ_AHEAD);
  for await (const part of parts) {
    const file = byPath.get(part.path);
    if (file === undefined) continue;
    if (part.error !== undefined) {
      sides.warn(`${pathForPeople(part.path)} was not copied: ${part.error}`);
      continue;
    }
    changes.note(part);
    sides.recorder?.read(part);
    for (const outgoing of sides.rewriting.push(part, file.as)) {
      sides.recorder?.written(part.path, outgoing.data);
      await writer.add(outgoing);
    }
    sides.onProgress({ files: Number(part.eof), bytes: part.data.length });
  }
  await writer.end();
  return wanted.filter(({ entry }) => changes.changed.has(entry.path));
}

/** Finds files whose size or time is another one in a later part than in the first. */
class ChangeWatch {
  readonly #seen = new Map<string, string>();
  readonly changed = new Set<string>();

  note(part: FilePart): void {
    const state = `${part.size}/${part.mtime}`;
    if ((this.#seen.get(part.path) ?? state) !== state) this.changed.add(part.path);
    this.#seen.set(part.path, state);
  }
}

/** Collects parts into requests of bounded size. */
class BatchWriter implements AsyncDisposable {
  readonly #sides: FileSides;
  readonly #limit: number;
  readonly #behind = new WriteBehind();
  #parts: OutgoingPart[] = [];
  #bytes = 0;

  constructor(sides: FileSides) {
    this.#sides = sides;
    this.#limit = Math.min(MAX_BATCH_BYTES, Math.floor(sides.maxRequestBytes * 0.9));
  }

  async add(part: OutgoingPart): Promise<void> {
    for (const piece of split(part, this.#limit)) {
      if (this.#bytes + piece.data.length > this.#limit || this.#parts.length >= MAX_BATCH_PARTS) await this.#flush();
      this.#parts.push(piece);
      this.#bytes += piece.data.length;
    }
  }

  /** Writes what is left and waits until everything is written. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#behind.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#behind[Symbol.asyncDispose]();
  }

  async #flush(): Promise<void> {
    if (this.#parts.length === 0) return;
    const parts = this.#parts;
    this.#parts = [];
    this.#bytes = 0;
    await this.#behind.push(() => this.#sides.sink.writeFiles(parts));
  }
}

/** A rewritten file comes in one piece, which may be more than a request takes. */
function split(part: OutgoingPart, limit: number): OutgoingPart[] {
  if (part.data.length <= limit) return [part];
  const pieces: OutgoingPart[] = [];
  for (let at = 0; at < part.data.length; at += limit) {
    const data = part.data.subarray(at, at + limit);
    pieces.push({ ...part, data, offset: part.offset + at, eof: part.eof && at + limit >= part.data.length });
  }
  return pieces;
}
