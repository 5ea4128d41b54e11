import type { Frame } from '@wcr/shared/contracts/agent-frames';
import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { cursorAfter, packCells } from '../../../base/packed-row.ts';
import { TableRecorder } from '../../../base/table-recorder.ts';
import { frame, patience } from '../../../drivers/agent/agent.memory.ts';
import type { AgentClient } from '../../../drivers/agent/agent.types.ts';
import { createMemoryBaseStore } from '../../../drivers/agent/base-store.memory.ts';
import type { BaseStore } from '../../../drivers/agent/base-store.ts';
import { RowSum } from '../../../drivers/agent/row-sum.ts';
import { SourceAgent } from '../../../drivers/agent/source-agent.ts';

/** The values of a row in the order of the table's columns. */
export type MemoryRow = readonly (string | null)[];
export type MemoryTable = { readonly schema: TableSchema; rows: readonly MemoryRow[] };

const signal = new AbortController().signal;

/** @param columns names with their types */
export function schemaOf(
  name: string,
  columns: Readonly<Record<string, string>>,
  key: string[] | null,
  more: Partial<TableSchema> = {},
): TableSchema {
  const list = Object.entries(columns).map(([column, type]) => {
    const kind: 'number' | 'text' = /int/.test(type) ? 'number' : 'text';
    return { name: column, type, kind, charset: kind === 'text' ? 'utf8mb4' : null, nullable: false, generated: false };
  });
  return {
    ...{ name, engine: 'InnoDB', createSql: 'CREATE TABLE {{table}} (…)', foreignKeys: [], columns: list, key },
    ...{ transactional: true, approximateRows: 0, sizeBytes: 0 },
    ...more,
  };
}

export function pack(row: MemoryRow): Buffer {
  return packCells(row.map((value) => (value === null ? null : Buffer.from(value))));
}

type Args = Readonly<Record<string, unknown>>;
type Range = { after?: string | null; upto?: string | null };

/** An agent that reads tables in memory, two rows a frame and four a request. `asked` counts its operations. */
export function createMemorySite(tables: readonly MemoryTable[]): { agent: SourceAgent; asked: string[] } {
  const asked: string[] = [];
  const find = (args: Args) => {
    const table = tables.find(({ schema }) => schema.name === args['table']);
    if (table === undefined) throw new TypeError(`no table ${String(args['table'])}`);
    return table;
  };
  const client: AgentClient = {
    async *call(operation, args) {
      asked.push(operation);
      const given = args as Args;
      if (operation === 'tables.schema') yield frame('J', schemaAnswer(tables));
      else if (operation === 'rows.read') yield* readRows(find(given), given);
      else if (operation === 'rows.ranges') yield* readRanges(find(given), given);
      else yield* digest(find(given), given);
    },
  };
  return { agent: new SourceAgent(client, { patience, signal, compress: false }), asked };
}

function schemaAnswer(tables: readonly MemoryTable[]): object {
  return { tables: tables.map(({ schema }) => schema), views: [], triggers: [], skipped: [] };
}

function* readRows(table: MemoryTable, args: Args): Generator<Frame> {
  const rows = inRange(table, { after: args['cursor'] as string | null, upto: args['upto'] as string | null });
  const slice = rows.slice(0, 4);
  for (let at = 0; at < slice.length; at += 2) {
    const part = slice.slice(at, at + 2);
    const cursor = cursorAfter(keyCells(table.schema, part.at(-1) ?? []));
    yield frame('R', { rows: part.length, cursor }, Buffer.concat(part.map((row) => select(table, row, args['columns']))));
  }
  yield frame('E', { done: slice.length === rows.length });
}

/** Four rows a request, one a frame. */
function* readRanges(table: MemoryTable, args: Args): Generator<Frame> {
  const { index: from, cursor } = (args['at'] ?? { index: 0, cursor: null }) as { index: number; cursor: string | null };
  const ranges = (args['ranges'] as Range[]).map((range, index) => ({
    ...range,
    ...(index === from && cursor && { after: cursor }),
  }));
  const wanted = ranges.flatMap((range, index) => (index < from ? [] : inRange(table, range).map((row) => ({ index, row }))));
  const places = wanted.map(({ index, row }) => ({ index, cursor: cursorAfter(keyCells(table.schema, row)) }));
  for (const [at, { row }] of wanted.slice(0, 4).entries())
    yield frame('R', { ...places[at], rows: 1 }, select(table, row, args['columns']));
  yield frame('E', wanted.length > 4 ? { done: false, next: places[3] } : { done: true });
}

function* digest(table: MemoryTable, args: Args): Generator<Frame> {
  const columns = args['columns'] as string[];
  const ranges = (args['ranges'] as Range[]).map((range, index) => {
    const sum = new RowSum(columns.length);
    for (const row of inRange(table, range)) sum.add(select(table, row, columns));
    return { index, rows: sum.rows, checksum: String(sum.checksum) };
  });
  yield frame('J', { ranges });
  yield frame('E', { done: true });
}

function select({ schema }: MemoryTable, row: MemoryRow, columns: unknown): Buffer {
  return pack((columns as string[]).map((name) => row[schema.columns.findIndex((column) => column.name === name)] ?? null));
}

function inRange({ schema, rows }: MemoryTable, { after, upto }: Range): MemoryRow[] {
  const order = byKey(schema);
  const [low, high] = [after, upto].map((cursor) => (cursor ? keyOfCursor(cursor) : undefined));
  const sorted = [...rows].sort((a, b) => order(keyOf(schema, a), keyOf(schema, b)));
  return sorted.filter((row) => (!low || order(keyOf(schema, row), low) > 0) && (!high || order(keyOf(schema, row), high) <= 0));
}

function keyOf({ columns, key }: TableSchema, row: MemoryRow): string[] {
  return (key ?? []).map((name) => row[columns.findIndex((column) => column.name === name)] ?? '');
}

function keyCells(schema: TableSchema, row: MemoryRow): Buffer[] {
  return keyOf(schema, row).map((value) => Buffer.from(value));
}

function keyOfCursor(cursor: string): string[] {
  const { k } = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as { k: string[] };
  return k.map((value) => Buffer.from(value, 'base64').toString());
}

function byKey({ columns, key }: TableSchema): (a: readonly string[], b: readonly string[]) => number {
  const numeric = (key ?? []).map((name) => columns.find((column) => column.name === name)?.kind === 'number');
  return (a, b) => {
    for (const [at, isNumber] of numeric.entries()) {
      const [left = '', right = ''] = [a[at], b[at]];
      const difference = isNumber ? Number(left) - Number(right) : Buffer.compare(Buffer.from(left), Buffer.from(right));
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

/** What a clone job notes of a table, `batch` rows at a time in the order of the key. @param write a row as it is written to the clone */
export async function recordBase(
  table: MemoryTable,
  write: (row: MemoryRow) => MemoryRow = (row) => row,
  { batch = 3, store = createMemoryBaseStore() }: { batch?: number; store?: BaseStore } = {},
): Promise<BaseStore> {
  const recorder = new TableRecorder(store, table.schema, 'wp_');
  const rows = table.schema.key === null ? table.rows : inRange(table, {});
  for (let at = 0; at < rows.length; at += batch) {
    const part = rows.slice(at, at + batch);
    recorder.add(Buffer.concat(part.map(pack)), Buffer.concat(part.map(write).map(pack)));
    await recorder.flush();
  }
  await recorder.end();
  return store;
}
