import { createHash } from 'node:crypto';
import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { isAppError } from '@wcr/shared/errors/app-error';
import type { BaseStore } from '../drivers/agent/base-store.ts';
import { splitPackedRows } from '../drivers/agent/row-codec.ts';
import { type BaseChunk, encodeChunk, encodeEntry, readChunks } from './base-chunks.ts';
import { addSums, cellsOf, cursorAfter, hashRow, keyText, RowShape } from './packed-row.ts';
import { bareName, identityOf, isUnsettled, plainColumns } from './row-identity.ts';

/** Few enough rows that a change of one of them is found, and sent, without reading much. */
const CHUNK_ROWS = 256;
/** What waits for the end of the table at the most. Small tables need one request each. */
const PENDING_BYTES = 256 << 10;

/** The base file of a table; its own name may hold what a file's must not. */
export function tableBaseName(table: string): string {
  return `rows-${createHash('md5').update(table).digest('hex').slice(0, 16)}`;
}

type Open = { after: string | null; entries: Buffer[]; rows: number; source: bigint; written: bigint; lastKey: Buffer[] };

/**
 * Notes the hash of every row of one table while it is copied. What it has noted is stored before the rows themselves are
 * written, so that after a crash the file holds everything up to where the table stands, and maybe more.
 */
export class TableRecorder {
  readonly #store: BaseStore;
  readonly #name: string;
  readonly #bare: string;
  readonly #columns: readonly string[];
  readonly #shape: RowShape | undefined;
  readonly #isWhole: boolean;
  #offset = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #isStale = false;
  #open: Open = newChunk(null);

  constructor(store: BaseStore, table: TableSchema, prefix: string) {
    const columns = plainColumns(table).map(({ name }) => name);
    const identity = identityOf(table, prefix);
    this.#store = store;
    this.#name = tableBaseName(table.name);
    this.#bare = bareName(table.name, prefix);
    this.#columns = columns;
    this.#shape = identity && new RowShape(columns, identity);
    this.#isWhole = identity?.isWhole ?? true;
  }

  /**
   * Goes on behind the row that `cursor` names. @returns false when that is not possible: the table must be copied anew, and
   * everything noted is forgotten
   */
  async resume(cursor: string | null): Promise<boolean> {
    this.restart();
    if (cursor === null) return true;
    if (this.#isWhole) return false;
    for await (const chunk of this.#stored()) {
      if (chunk.upto !== cursor) continue;
      this.#offset = chunk.at + chunk.bytes;
      this.#open = newChunk(cursor);
      this.#isStale = false;
      return true;
    }
    return false;
  }

  /** The chunks of the file, as far as it is whole: a worker may have died while it wrote it. */
  async *#stored(): AsyncGenerator<BaseChunk> {
    try {
      yield* readChunks(this.#store.read(this.#name));
    } catch (error) {
      if (!isAppError(error) || error.code !== 'agent.malformed') throw error;
    }
  }

  /** Forgets everything; the table is copied from its first row. What the file holds is no place to go on from any more. */
  restart(): void {
    this.#isStale = true;
    this.#offset = 0;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#open = newChunk(null);
  }

  /** @param source packed rows as they were read. @param written the same rows as they will be written */
  add(source: Buffer, written: Buffer): void {
    const others = written === source ? undefined : splitPackedRows(written, this.#columns.length);
    for (const row of splitPackedRows(source, this.#columns.length)) this.#addRow(row, others?.next().value ?? row);
    // A chunk ends where a request may end, so that a worker that takes over finds that place.
    if (!this.#isWhole) this.#close();
  }

  /** Stores what is worth a request. To be called before the rows are written. */
  async flush(): Promise<void> {
    if (this.#pendingBytes >= PENDING_BYTES || this.#isStale) await this.#write();
  }

  /** Stores the rest; to be called after the table's last row. */
  async end(): Promise<void> {
    this.#close();
    await this.#write();
  }

  #addRow(source: Buffer, written: Buffer): void {
    const open = this.#open;
    const hashOf = (row: Buffer) => this.#shape?.hash(row) ?? hashRow(row);
    const writtenHash = hashOf(written);
    const sourceHash = source.equals(written) ? writtenHash : hashOf(source);
    open.rows += 1;
    open.source = addSums(open.source, sourceHash);
    open.written = addSums(open.written, writtenHash);
    if (this.#shape === undefined) return;
    open.lastKey = this.#shape.keyCells(written);
    // Summed, or ranges would differ; but a site on which it becomes a real row later has made a new one.
    if (!this.#isUnsettled(written))
      open.entries.push(encodeEntry(keyText(open.lastKey), { source: sourceHash, written: writtenHash }));
    if (open.rows >= CHUNK_ROWS && !this.#isWhole) this.#close();
  }

  #isUnsettled(row: Buffer): boolean {
    const cellAt = (column: string) => cellsOf(row, this.#columns.length)[this.#columns.indexOf(column)]?.toString('latin1');
    return isUnsettled(this.#bare, cellAt);
  }

  #close(): void {
    const { after, entries, rows, source, written, lastKey } = this.#open;
    if (rows === 0) return;
    const upto = this.#isWhole ? null : cursorAfter(lastKey);
    const chunk = encodeChunk({ after, upto, rows, source, written }, Buffer.concat(entries));
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#open = newChunk(upto);
  }

  async #write(): Promise<void> {
    // Taken before it is written: the next rows are noted meanwhile.
    const data = Buffer.concat(this.#pending);
    const offset = this.#offset;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#isStale = false;
    this.#offset += data.length;
    await this.#store.write({ name: this.#name, offset, data });
  }
}

function newChunk(after: string | null): Open {
  return { after, entries: [], rows: 0, source: 0n, written: 0n, lastKey: [] };
}
