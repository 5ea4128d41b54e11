import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import { type BaseStore, readWhole } from '../drivers/agent/base-store.ts';
import type { BaseEntry } from './base-chunks.ts';
import type { FileBase } from './file-base.ts';

/** What a restore has made of one row; `entry` is undefined where it removed the row. */
export type RowNote = {
  readonly key: string;
  /** Where the chunk of its range begins in the table's base file; -1 behind the last. */
  readonly place: number;
  readonly entry: BaseEntry | undefined;
};

/** What a restore has made of a table that it brought as a whole: rows and their sum on the target and in the clone. */
export type TableNote = { readonly source: TableSum; readonly written: TableSum };
export type TableSum = { readonly rows: number; readonly checksum: bigint };

/** What earlier restores of a clone have left on the target: the base of these rows and files when the clone is restored again. */
export type RestoredState = {
  /** By the table's name in the clone. */
  readonly rows: ReadonlyMap<string, readonly RowNote[]>;
  /** Tables that were brought whole, by their names in the clone. */
  readonly tables: ReadonlyMap<string, TableNote>;
  /** By path; undefined for a file that was removed. */
  readonly files: ReadonlyMap<string, FileBase | undefined>;
};

const INDEX = 'restored';
const PART_BYTES = 1 << 20;

const Sum = z.object({ size: z.number(), crc32: z.number() });
const RowLine = z.object({ t: z.string(), k: z.string(), p: z.number(), s: z.string().optional(), w: z.string().optional() });
const FileLine = z.object({ f: z.string(), b: z.object({ mtime: z.number(), source: Sum, written: Sum }).optional() });
const TableLine = z.object({ w: z.string(), n: z.tuple([z.number(), z.number()]), c: z.tuple([z.string(), z.string()]) });
type TableLine = z.infer<typeof TableLine>;
type RowLine = z.infer<typeof RowLine>;
type FileLine = z.infer<typeof FileLine>;

/** Writes down what a restore is about to change. It counts once the restore is published. */
export class RestoredNotes {
  readonly #store: BaseStore | undefined;
  readonly #name: string;
  #offset = 0;
  #lines: Buffer[] = [];
  #bytes = 0;

  /** @param store undefined where nothing needs to be known later: everything differs from an unknown base */
  constructor(store: BaseStore | undefined, session: string, part: 'rows' | 'files') {
    this.#store = store;
    this.#name = nameOf(session, part);
  }

  async addRow(table: string, { key, place, entry }: RowNote): Promise<void> {
    const sums = entry && { s: String(entry.source), w: String(entry.written) };
    await this.#add({ t: table, k: key, p: place, ...sums });
  }

  async addTable(table: string, { source, written }: TableNote): Promise<void> {
    await this.#add({ w: table, n: [source.rows, written.rows], c: [String(source.checksum), String(written.checksum)] });
  }

  async addFile(path: string, base: FileBase | undefined): Promise<void> {
    await this.#add({ f: path, b: base && { mtime: base.mtime, source: base.source, written: base.written } });
  }

  /** To be called at the end, also when there is nothing: an earlier attempt may have left something. */
  async flush(): Promise<void> {
    const data = Buffer.concat(this.#lines);
    await this.#store?.write({ name: this.#name, offset: this.#offset, data });
    this.#offset += data.length;
    this.#lines = [];
    this.#bytes = 0;
  }

  async #add(line: RowLine | TableLine | FileLine): Promise<void> {
    const data = Buffer.from(`${JSON.stringify(line)}\n`);
    this.#lines.push(data);
    this.#bytes += data.length;
    if (this.#bytes >= PART_BYTES) await this.flush();
  }
}

/** From now on what the session has written down is how the target is. Repeating it changes nothing. */
export async function publishNotes(store: BaseStore, session: string): Promise<void> {
  const sessions = await readIndex(store);
  if (!sessions.includes(session)) await writeIndex(store, [...sessions, session]);
}

/** The session was rolled back: what it has written down counts no longer. */
export async function withdrawNotes(store: BaseStore, session: string): Promise<void> {
  const sessions = await readIndex(store);
  if (!sessions.includes(session)) return;
  await writeIndex(
    store,
    sessions.filter((other) => other !== session),
  );
}

/** The notes of all restores, the later ones over the earlier. @throws AppError `agent.malformed` */
export async function readNotes(store: BaseStore): Promise<RestoredState> {
  const rows = new Map<string, Map<string, RowNote>>();
  const tables = new Map<string, TableNote>();
  const files = new Map<string, FileBase | undefined>();
  for (const session of await readIndex(store)) {
    for (const line of await readLines(store, nameOf(session, 'rows'), z.union([TableLine, RowLine]))) {
      if ('n' in line) tables.set(line.w, tableNoteOf(line));
      else noteRow(rows, line);
    }
    for (const { f, b } of await readLines(store, nameOf(session, 'files'), FileLine)) files.set(f, b && { path: f, ...b });
  }
  return { rows: new Map([...rows].map(([table, notes]) => [table, [...notes.values()]])), tables, files };
}

function tableNoteOf({ n, c }: TableLine): TableNote {
  return { source: { rows: n[0], checksum: BigInt(c[0]) }, written: { rows: n[1], checksum: BigInt(c[1]) } };
}

function noteRow(rows: Map<string, Map<string, RowNote>>, { t, k, p, s, w }: RowLine): void {
  const table = rows.get(t) ?? new Map<string, RowNote>();
  const entry = s === undefined || w === undefined ? undefined : { source: BigInt(s), written: BigInt(w) };
  table.set(k, { key: k, place: p, entry });
  rows.set(t, table);
}

async function readLines<T>(store: BaseStore, name: string, line: z.ZodType<T>): Promise<T[]> {
  const text = (await readWhole(store, name))?.toString('utf8') ?? '';
  try {
    return text
      .split('\n')
      .filter((part) => part !== '')
      .map((part) => line.parse(JSON.parse(part)));
  } catch (cause) {
    throw new AppError('agent.malformed', { reason: 'the clone’s notes of restores are damaged' }, { cause });
  }
}

async function readIndex(store: BaseStore): Promise<string[]> {
  const text = (await readWhole(store, INDEX))?.toString('latin1') ?? '';
  return text.split('\n').filter((line) => line !== '');
}

async function writeIndex(store: BaseStore, sessions: readonly string[]): Promise<void> {
  await store.write({ name: INDEX, offset: 0, data: Buffer.from(sessions.map((session) => `${session}\n`).join('')) });
}

function nameOf(session: string, part: 'rows' | 'files'): string {
  return `restored-${part}-${session}`;
}
