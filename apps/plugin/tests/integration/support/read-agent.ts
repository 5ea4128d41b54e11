import type { Frame } from '../../../../../packages/shared/src/contracts/agent-frames.ts';
import { type TableSchema, TablesAnswer } from '../../../../../packages/shared/src/contracts/agent-schema.ts';
import { jsonOf } from '../../../../worker/src/drivers/agent/answers.ts';

/** Calls an operation and returns every frame of the answer. */
export type CallFrames = (operation: string, args: object) => Promise<Frame[]>;
export type Row = (Buffer | null)[];

export async function readSchema(call: CallFrames): Promise<TablesAnswer> {
  return TablesAnswer.parse(jsonOf(await call('tables.schema', {})));
}

export function tableOf(schema: TablesAnswer, name: string): TableSchema {
  const table = schema.tables.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`${name} is not among ${schema.tables.map((candidate) => candidate.name).join(', ')}`);
  return table;
}

export type ReadRows = { readonly rows: Row[]; readonly slices: number; readonly frames: Frame[] };

/** Reads a whole table in slices of a few bytes, each from the cursor of the one before. */
export async function readRows(
  call: CallFrames,
  table: Pick<TableSchema, 'name' | 'columns' | 'key'>,
  options: { budgetBytes?: number; compress?: boolean } = {},
): Promise<ReadRows> {
  const columns = table.columns.filter((column) => !column.generated).map((column) => column.name);
  const result: ReadRows & { slices: number } = { rows: [], slices: 0, frames: [] };
  let cursor: unknown = null;
  for (;;) {
    const frames = await call('rows.read', { table: table.name, columns, key: table.key, cursor, ...options });
    result.frames.push(...frames);
    result.slices += 1;
    for (const frame of frames) if (frame.kind === 'R') result.rows.push(...unpackRows(frame.data, columns.length));
    const end = frames.at(-1)?.meta ?? {};
    if (end['done'] === true) return result;
    cursor = end['cursor'];
  }
}

export function unpackRows(data: Buffer, width: number): Row[] {
  const rows: Row[] = [];
  let at = 0;
  while (at < data.length) {
    let value = at + 4 * width;
    const row: Row = [];
    for (let index = 0; index < width; index += 1) {
      const length = data.readUInt32BE(at + 4 * index);
      row.push(length === 0xffff_ffff ? null : data.subarray(value, value + length));
      if (length !== 0xffff_ffff) value += length;
    }
    rows.push(row);
    at = value;
  }
  return rows;
}

/** One column of rows as texts. */
export function textsOf(rows: readonly Row[], index = 0): string[] {
  return rows.map((row) => row[index]?.toString('latin1') ?? 'NULL');
}
