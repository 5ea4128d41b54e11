import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import type { TableRecorder } from '../../base/table-recorder.ts';
import { encodeFrame } from '../../drivers/agent/frame-codec.ts';
import { prefetch } from '../../drivers/agent/prefetch.ts';
import { RowSum } from '../../drivers/agent/row-sum.ts';
import type { RowBatch, SourceAgent } from '../../drivers/agent/source-agent.ts';
import type { TargetAgent } from '../../drivers/agent/target-agent.ts';
import { WriteBehind } from '../../drivers/agent/write-behind.ts';
import type { RowRewriting } from './row-rewriting.ts';

const MAX_BATCH_BYTES = 8 << 20;
const READ_AHEAD = { items: 100, bytes: 12 << 20, sizeOf: (batch: RowBatch) => batch.data.length };

export type TablePlace = { readonly sequence: number; readonly cursor: string | null; readonly rows: number };
export type TableProgress = (added: { rows: number; bytes: number }) => Promise<void>;

export type CopyOptions = {
  readonly start: TablePlace;
  readonly rewriting: RowRewriting;
  readonly recorder?: TableRecorder;
  /** Told what the target's server warned about as soon as it did: whoever takes over is not told again. */
  readonly onWarnings?: (warnings: readonly string[]) => void;
  readonly onProgress: TableProgress;
};

/**
 * Copies one table's rows from `start` on; reading, rewriting and writing overlap, at most a few MiB are in memory.
 * @returns the rows the target has now, and the sum of the rows as the source sent them
 */
export async function copyTable(
  sides: { source: SourceAgent; target: TargetAgent; maxRequestBytes: number },
  table: TableSchema,
  options: CopyOptions,
): Promise<{ rows: number; sum: RowSum | undefined }> {
  const { start, rewriting, recorder } = options;
  const columns = table.columns.filter((column) => !column.generated).map(({ name, kind, charset }) => ({ name, kind, charset }));
  const limit = Math.min(MAX_BATCH_BYTES, Math.floor(sides.maxRequestBytes * 0.9));
  let sequence = start.sequence;
  let from = start.cursor;
  let rows = start.rows;
  // Only where somebody compares it.
  const sum = table.key === null ? new RowSum(columns.length) : undefined;
  const toFrame = (batch: RowBatch) => {
    sequence += 1;
    sum?.add(batch.data);
    const data = rewriting.rewrite(batch.data);
    recorder?.add(batch.data, data);
    const place = { sequence, from, cursor: batch.cursor };
    from = batch.cursor;
    return encodeFrame('R', { table: table.name, columns, ...place, rows: batch.rows }, data);
  };
  await using behind = new WriteBehind();
  const batches = prefetch(sides.source.rows(table, start.cursor), READ_AHEAD);
  for await (const group of groupBySize(batches, (batch) => batch.data.length, limit)) {
    const frames = group.map(toFrame);
    const added = { rows: total(group, (batch) => batch.rows), bytes: total(group, (batch) => batch.data.length) };
    await behind.push(async () => {
      await recorder?.flush();
      options.onWarnings?.(await sides.target.writeRows(frames));
      rows += added.rows;
      await options.onProgress(added);
    });
  }
  await behind.settle();
  await recorder?.end();
  return { rows, sum };
}

/** Groups what is ready anyway: a group ends at `limit` bytes. */
async function* groupBySize<T>(items: AsyncIterable<T>, sizeOf: (item: T) => number, limit: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  let bytes = 0;
  for await (const item of items) {
    const size = sizeOf(item);
    if (group.length > 0 && bytes + size > limit) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(item);
    bytes += size;
  }
  if (group.length > 0) yield group;
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
