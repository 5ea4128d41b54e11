import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { TableRecorder } from '../../../base/table-recorder.ts';
import type { BaseStore } from '../../../drivers/agent/base-store.ts';
import type { RowSum } from '../../../drivers/agent/row-sum.ts';
import type { SourceAgent } from '../../../drivers/agent/source-agent.ts';
import type { BeginAnswer, SessionState, TargetAgent } from '../../../drivers/agent/target-agent.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { Rewriter } from '../../../rewriter/rewriter.types.ts';
import { adaptCreateSql } from '../adapt-schema.ts';
import { raiseCounter } from '../raise-counter.ts';
import { createRowRewriting } from '../row-rewriting.ts';
import { copyTable, type TablePlace, type TableProgress } from '../table-copier.ts';

export type CopiedTables = {
  tables: number;
  rows: number;
  bytes: number;
  replacements: number;
  warnings: string[];
  /** Rows per table. */
  rowCounts: Record<string, number>;
  /** Tables without a key that are copied and compared. */
  settled: string[];
  /** Tables whose values the clone's server changed: what is noted of their rows is not what the clone holds. */
  inexact: string[];
};

type Sides = { source: SourceAgent; target: TargetAgent; base: BaseStore; begun: BeginAnswer };
type Options = { prefix: string; rewriter: Rewriter; excludeTables: readonly string[]; concurrency: number };

const MAX_RESTARTS = 3;
const MAX_WARNINGS = 200;
/** In one message. */
const MAX_PROBLEMS = 10;
const START: TablePlace = { sequence: 0, cursor: null, rows: 0 };
/** What the target doesn't know; kept in the scratch, without what was on its way when a worker died. */
type Totals = Pick<CopiedTables, 'bytes' | 'replacements' | 'warnings' | 'settled' | 'inexact'>;
const NOTHING: Totals = { bytes: 0, replacements: 0, warnings: [], settled: [], inexact: [] };

/** Copies structure and rows of every table of the site; goes on where the target says it stands. */
export async function copyTables(sides: Sides, options: Options, step: StepContext): Promise<CopiedTables> {
  const schema = await sides.source.schema();
  const excluded = new Set(options.excludeTables);
  const tables = schema.tables.filter((table) => !excluded.has(table.name)).sort((a, b) => b.sizeBytes - a.sizeBytes);
  const places = (await sides.target.state()).tables;
  const saved = (await step.scratch.read()) as Partial<Totals> | undefined;
  const result: CopiedTables = {
    ...structuredClone({ ...NOTHING, ...saved }),
    tables: tables.length,
    rows: rowsAt(places),
    rowCounts: {},
  };
  for (const { name, reason } of schema.skipped) {
    step.log(`not copied: ${name} (${reason})`);
    result.warnings.push(`${name} was not copied: ${reason}`);
  }
  await createMissing(sides, { tables, places, prefix: options.prefix }, result);
  const totalBytes = tables.reduce((total, table) => total + table.sizeBytes, 0);
  const onProgress = async ({ rows, bytes }: { rows: number; bytes: number }) => {
    result.rows += rows;
    result.bytes += bytes;
    step.report({ done: result.rows, bytes: result.bytes, totalBytes });
    await step.scratch.write(totalsOf(result));
  };
  const queue = [...tables];
  const lane = async () => {
    try {
      for (let table = queue.shift(); table !== undefined; table = queue.shift()) {
        await copyWithRestarts({ sides, table, place: places[table.name] ?? START, options, onProgress, step, result });
      }
    } finally {
      // The first lane that stops takes the work away from the others: empty at the end, or cut short by a failure.
      queue.length = 0;
    }
  };
  await allOrFirstError(Array.from({ length: Math.min(options.concurrency, queue.length) }, lane));
  await countKept(sides, result, step);
  result.rows = Object.values(result.rowCounts).reduce((total, rows) => total + rows, 0);
  // Here, and not later: the clone's own administrator adds rows of its own.
  await verifyTables(sides, result);
  result.warnings = [...new Set(result.warnings)];
  step.log(`${result.tables} tables, ${result.rows} rows, ${result.bytes} bytes, ${result.replacements} addresses replaced`);
  return result;
}

type TableTask = {
  sides: Sides;
  table: TableSchema;
  place: TablePlace;
  options: Options;
  onProgress: TableProgress;
  step: StepContext;
  result: CopiedTables;
};

/** A table whose state is in doubt on the target, or that moved while it was read, is created anew and copied from its first row. */
async function copyWithRestarts(task: TableTask): Promise<void> {
  const { sides, table, place, result } = task;
  if (place.sequence > 0 && result.settled.includes(table.name)) {
    result.rowCounts[table.name] = place.rows;
    return;
  }
  const recorder = new TableRecorder(sides.base, table, task.options.prefix);
  let again = await whyNotGoOn(table, place, recorder);
  let start = place;
  for (let restart = 0; ; restart += 1) {
    if (again !== undefined) {
      task.step.log(`${table.name}: starts again (${again})`);
      await createTables(sides, [table], { missing: false, prefix: task.options.prefix, result });
      recorder.restart();
      start = START;
    }
    again = await copyOnce(task, { start, recorder }, restart >= MAX_RESTARTS);
    if (again === undefined) return;
  }
}

/** What is there of a table without a key cannot be compared any more, and an offset tells nothing after a while. */
async function whyNotGoOn(table: TableSchema, place: TablePlace, recorder: TableRecorder): Promise<string | undefined> {
  if (place.sequence === 0) return undefined;
  if (table.key === null) return 'it has no key to go on after';
  return (await recorder.resume(place.cursor)) ? undefined : 'what was noted of its rows is incomplete';
}

/** @returns why the table must be copied again, or undefined when it is done; the last time it throws, or warns, instead */
async function copyOnce(
  task: TableTask,
  { start, recorder }: { start: TablePlace; recorder: TableRecorder },
  isLast: boolean,
): Promise<string | undefined> {
  const { sides, table, options, result } = task;
  const rewriting = createRowRewriting(table, options.prefix, options.rewriter);
  const onWarnings = (said: readonly string[]) => {
    noteWarnings(task, said);
    if (said.length > 0 && !result.inexact.includes(table.name)) result.inexact.push(table.name);
  };
  const to = { source: sides.source, target: sides.target, maxRequestBytes: sides.begun.maxRequestBytes };
  try {
    const copied = await copyTable(to, table, { start, rewriting, recorder, onWarnings, onProgress: task.onProgress });
    const hasMoved = copied.sum !== undefined && (await hasChanged(sides.source, table, copied.sum));
    if (hasMoved && !isLast) return 'it has no key and changed while it was read';
    result.rowCounts[table.name] = copied.rows;
    result.replacements += rewriting.replacements();
    if (copied.sum !== undefined) result.settled.push(table.name);
    const moved = hasMoved ? [`${table.name} has no key and kept changing while it was read: rows may be missing or double`] : [];
    noteWarnings(task, [...tooLongWarnings(table, rewriting.tooLong()), ...moved]);
    await task.step.scratch.write(totalsOf(result));
    return undefined;
  } catch (error) {
    if (!isRestartable(error) || isLast) throw error;
    return error.message;
  }
}

/** True when the rows that were read are not the table's first rows now: some moved between requests. Rows behind them are new. */
async function hasChanged(source: SourceAgent, table: TableSchema, read: RowSum): Promise<boolean> {
  const now = await source.checksum(table, read.rows);
  return now.rows !== read.rows || now.checksum !== read.checksum;
}

/**
 * Takes over the target's own count, which it commits together with the rows: only the target sees that a row gave way to
 * one that came again under another key, or that a worker that was replaced had written a part a moment earlier.
 */
async function countKept({ target }: Sides, { rowCounts }: CopiedTables, step: StepContext): Promise<void> {
  const { tables } = await target.state();
  for (const [name, rows] of Object.entries(rowCounts)) {
    const kept = tables[name]?.rows ?? rows;
    if (kept !== rows) step.log(`${name}: ${rows} row(s) were sent, ${kept} kept: the table changed while it was copied`);
    rowCounts[name] = kept;
  }
}

/** @throws AppError `clone.verify_failed` when a table is not there or has other rows than were written. */
async function verifyTables({ target }: Sides, { rowCounts }: CopiedTables): Promise<void> {
  const counts = Object.entries(rowCounts).map(([name, rows]) => ({ name, columns: [], rows }));
  const { problems } = await target.verify(counts);
  if (problems.length > 0) throw new AppError('clone.verify_failed', { reason: problems.slice(0, MAX_PROBLEMS).join('; ') });
}

function totalsOf({ bytes, replacements, warnings, settled, inexact }: Totals): Totals {
  return { bytes, replacements, warnings: warnings.slice(0, MAX_WARNINGS), settled, inexact };
}

function rowsAt(places: SessionState['tables']): number {
  return Object.values(places).reduce((total, { rows }) => total + rows, 0);
}

async function createMissing(
  sides: Sides,
  { tables, places, prefix }: { tables: readonly TableSchema[]; places: SessionState['tables']; prefix: string },
  result: CopiedTables,
): Promise<void> {
  const missing = tables.filter((table) => (places[table.name]?.sequence ?? 0) === 0);
  if (missing.length > 0) await createTables(sides, missing, { missing: true, prefix, result });
}

async function createTables(
  sides: Sides,
  tables: readonly TableSchema[],
  { missing, prefix, result }: { missing: boolean; prefix: string; result: CopiedTables },
): Promise<void> {
  const adapted = tables.map((table) => ({ table, ...adaptCreateSql(table, sides.begun) }));
  for (const { table, changes } of adapted) for (const change of changes) result.warnings.push(`${table.name}: ${change}`);
  await sides.target.createTables(
    adapted.map(({ table, sql }) => ({ name: table.name, createSql: raiseCounter(sql, table.name, prefix) })),
    missing,
  );
}

function noteWarnings(task: TableTask, warnings: readonly string[]): void {
  for (const warning of new Set(warnings)) {
    if (task.result.warnings.includes(warning)) continue;
    task.step.log(warning);
    task.result.warnings.push(warning);
  }
}

function tooLongWarnings(table: TableSchema, tooLong: ReadonlyMap<string, number>): string[] {
  return [...tooLong].map(
    ([column, count]) =>
      `${table.name}.${column}: ${count} value(s) kept the source’s address, the clone’s is too long for the column`,
  );
}

function isRestartable(error: unknown): error is Error {
  return isAppError(error) && (error.code === 'agent.table_restart' || error.code === 'agent.sequence_gap');
}

/** Like Promise.all, but waits for every lane to stop before it throws, so that nothing writes after the step has failed. */
async function allOrFirstError(lanes: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(lanes);
  const failed = settled.find((lane) => lane.status === 'rejected');
  if (failed) throw failed.reason;
}
