import { SiteFacts } from '@wcr/shared/contracts/agent-facts';
import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { type TableSchema, TablesAnswer } from '@wcr/shared/contracts/agent-schema';
import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import type { AgentClient } from './agent.types.ts';
import { cursorOf, type FilePart, filePartOf, jsonOf, noProgress, parseAnswer, rowsMetaOf, skippedOf } from './answers.ts';
import { type IndexEntry, pathToWire, unpackIndex } from './index-codec.ts';
import type { Patience } from './patience.ts';
import { assertPlainSchema } from './plain-sql.ts';

/** Rows as they travel, and where reading goes on after them. */
export type RowBatch = { readonly data: Buffer; readonly rows: number; readonly cursor: string };

/** A table without a key is read by offset: each request makes the server walk over all rows before it, so there are fewer. */
const KEYLESS_BUDGET_BYTES = 32 << 20;

/** Names in one request; a request's description has a limit. */
const FILES_PER_REQUEST = 400;

const ChecksumAnswer = z.object({ rows: z.int().nonnegative(), checksum: z.string().regex(/^\d{1,20}$/) });

/** Rows behind `after` up to and including `upto`, both cursors; null is the table's begin or end. */
export type RowRange = { readonly after: string | null; readonly upto: string | null };
/** Which columns of a table's rows, in the order of which key. */
export type RowSelection = {
  readonly table: string;
  readonly columns: readonly string[];
  readonly key: readonly string[] | null;
};

export type FilesRequest = { readonly path: string; readonly offset: number };
/** A page of the index; `next` is where the following one starts, null after the last. */
export type IndexPage = {
  readonly entries: readonly IndexEntry[];
  readonly skipped: readonly { path: string; reason: string }[];
  readonly next: string | null;
};

/** The read side of one site's agent: loops over slices, repeats what was cut off, never holds more than a slice. */
export class SourceAgent {
  readonly #client: AgentClient;
  readonly #patience: () => Patience;
  readonly #signal: AbortSignal;
  readonly #compress: boolean;

  /** @param options.compress worth it when the way to the source is slower than its CPU */
  constructor(client: AgentClient, options: { patience: () => Patience; signal: AbortSignal; compress: boolean }) {
    this.#client = client;
    this.#patience = options.patience;
    this.#signal = options.signal;
    this.#compress = options.compress;
  }

  async facts(): Promise<SiteFacts> {
    return parseAnswer(SiteFacts, await this.#json('site.facts', {}));
  }

  async schema(): Promise<TablesAnswer> {
    const schema = parseAnswer(TablesAnswer, await this.#json('tables.schema', {}));
    assertPlainSchema(schema);
    return schema;
  }

  /**
   * Every row of a table once, from `cursor` on. Of a table without a key only while no row before the cursor comes or
   * goes: compare with `checksum()`.
   */
  async *rows(table: TableSchema, cursor: string | null): AsyncGenerator<RowBatch> {
    const columns = table.columns.filter((column) => !column.generated).map((column) => column.name);
    yield* this.rowsIn({ table: table.name, columns, key: table.key }, { after: cursor, upto: null });
  }

  /** The rows of a range in the order of the key. */
  async *rowsIn({ table, columns, key }: RowSelection, { after, upto }: RowRange): AsyncGenerator<RowBatch> {
    const patience = this.#patience();
    const place = { cursor: after, done: false };
    const args = { ...budgetOf(key), table, columns, key, ...(upto !== null && { upto }), compress: this.#compress };
    while (!place.done) {
      const before = place.cursor;
      try {
        yield* this.#rowSlice({ ...args, cursor: place.cursor }, place);
        if (place.cursor === before && !place.done) throw noProgress();
        patience.succeeded();
      } catch (error) {
        if (place.cursor !== before) patience.succeeded();
        await patience.failed(error);
      }
    }
  }

  /** The sum of `RowSum` over a table's first `rows` rows, as the source has them now; fewer when there are no more. */
  async checksum(table: TableSchema, rows: number): Promise<{ rows: number; checksum: bigint }> {
    const columns = table.columns.filter((column) => !column.generated).map((column) => column.name);
    const patience = this.#patience();
    const sum = { rows: 0, checksum: 0n };
    const place: { cursor: string | null; done: boolean } = { cursor: null, done: false };
    while (!place.done && sum.rows < rows) {
      const args = { table: table.name, columns, key: table.key, cursor: place.cursor, rows: rows - sum.rows };
      const { frames, end } = await patience.keep(() => this.#slice('tables.checksum', args));
      const part = parseAnswer(ChecksumAnswer, jsonOf(frames));
      sum.rows += part.rows;
      sum.checksum = BigInt.asUintN(64, sum.checksum + BigInt(part.checksum));
      place.done = end['done'] === true;
      const next = place.done ? place.cursor : cursorOf(end);
      if (next === place.cursor && !place.done) throw noProgress();
      place.cursor = next;
    }
    return sum;
  }

  /** One request; `place` follows what the consumer has taken over, so that a cut-off answer costs nothing. */
  async *#rowSlice(args: object, place: { cursor: string | null; done: boolean }): AsyncGenerator<RowBatch> {
    for await (const frame of this.#client.call('rows.read', args, { signal: this.#signal })) {
      if (frame.kind === 'R') {
        const batch = { data: frame.data, ...rowsMetaOf(frame) };
        yield batch;
        place.cursor = batch.cursor;
      } else if (frame.kind === 'E') {
        place.done = frame.meta['done'] === true;
        if (typeof frame.meta['cursor'] === 'string') place.cursor = frame.meta['cursor'];
      }
    }
  }

  /** The file index page by page, depth first, from `start` (a page's `next`) on. */
  async *index(start: string | null = null): AsyncGenerator<IndexPage> {
    const patience = this.#patience();
    let cursor = start;
    for (;;) {
      const { frames, end } = await patience.keep(() => this.#slice('files.index', { cursor }));
      const entries = frames.flatMap((frame) => (frame.kind === 'I' ? [...unpackIndex(frame.data)] : []));
      const next = end['done'] === true ? null : cursorOf(end);
      if (next !== null && next === cursor) throw noProgress();
      yield { entries, skipped: skippedOf(end), next };
      if (next === null) return;
      cursor = next;
    }
  }

  /** The bytes of files in the order asked; a cut-off answer goes on at the byte where it stopped. */
  async *files(wanted: readonly FilesRequest[]): AsyncGenerator<FilePart> {
    const patience = this.#patience();
    const place: FilePlace = { index: 0, offset: wanted[0]?.offset ?? 0 };
    while (place.index < wanted.length) {
      try {
        const before = { ...place };
        yield* this.#fileSlice(wanted, place, () => patience.succeeded());
        if (place.index === before.index && place.offset === before.offset) throw noProgress();
      } catch (error) {
        await patience.failed(error);
      }
    }
  }

  /** One request; `place` follows what the consumer has taken over. */
  async *#fileSlice(wanted: readonly FilesRequest[], place: FilePlace, onProgress: () => void): AsyncGenerator<FilePart> {
    const asked = wanted.slice(place.index, place.index + FILES_PER_REQUEST);
    const files = asked.map(({ path, offset }, index) => ({
      path: pathToWire(path),
      offset: index === 0 ? place.offset : offset,
    }));
    for await (const frame of this.#client.call('files.read', { files }, { signal: this.#signal })) {
      if (frame.kind !== 'F') continue;
      const part = filePartOf(frame);
      const isNext = part.path === wanted[place.index]?.path && (part.error !== undefined || part.offset === place.offset);
      if (!isNext) throw new AppError('agent.malformed', { reason: 'files came out of order' });
      onProgress();
      yield part;
      advance(place, part, wanted);
    }
  }

  async #slice(operation: string, args: object): Promise<{ frames: Frame[]; end: Readonly<Record<string, unknown>> }> {
    const frames: Frame[] = [];
    for await (const frame of this.#client.call(operation, args, { signal: this.#signal })) frames.push(frame);
    const end = frames.at(-1)?.meta ?? {};
    return { frames, end };
  }

  /** One slice of an operation, asked for again while there is patience: its frames and what its end says. */
  async ask(operation: string, args: object): Promise<{ frames: Frame[]; end: Readonly<Record<string, unknown>> }> {
    return this.#patience().keep(() => this.#slice(operation, args));
  }

  async #json(operation: string, args: object): Promise<unknown> {
    return jsonOf((await this.ask(operation, args)).frames);
  }
}

function budgetOf(key: readonly string[] | null): { budgetBytes?: number } {
  return key === null ? { budgetBytes: KEYLESS_BUDGET_BYTES } : {};
}

/** Where in a list of files reading stands. */
type FilePlace = { index: number; offset: number };

function advance(place: FilePlace, part: FilePart, wanted: readonly FilesRequest[]): void {
  const isOver = part.eof || part.error !== undefined;
  if (isOver) place.index += 1;
  place.offset = isOver ? (wanted[place.index]?.offset ?? 0) : part.offset + part.data.length;
}
