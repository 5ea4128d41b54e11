import type { TableReport } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import { keyText, RowShape } from '../../../base/packed-row.ts';
import { RestoredNotes } from '../../../base/restored-notes.ts';
import { digestRows } from '../../../drivers/agent/compare-reads.ts';
import { splitPackedRows } from '../../../drivers/agent/row-codec.ts';
import { RowSum } from '../../../drivers/agent/row-sum.ts';
import type { RowSelection } from '../../../drivers/agent/source-agent.ts';
import type { BeginAnswer, ExpectedTable } from '../../../drivers/agent/target-agent.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import { adaptCreateSql } from '../../clone/adapt-schema.ts';
import { inLanes } from '../../in-lanes.ts';
import type { RowChange, TableComparison } from '../compare-table.ts';
import { noChanges, noteChange, refuseLosses, type TargetChanges } from '../findings.ts';
import {
  comparisonOf,
  countedOf,
  emptyReport,
  isMergeable,
  type MergeablePlan,
  readTablePlans,
  type SwapPlan,
  type TableWork,
  wholeTableState,
} from '../restore-tables.ts';
import { RowStager } from '../row-stager.ts';
import { createRowTranslation } from '../row-translation.ts';
import { columnNames, type TablePlan } from '../table-plan.ts';
import { countChange } from './compare-tables.ts';

export type StagedTables = {
  tables: TableReport[];
  unchanged: number;
  changes: TargetChanges;
  bytes: number;
  replacements: number;
  /** Tables that will be swapped and what the live ones must hold then. */
  expect: ExpectedTable[];
  swapped: string[];
  warnings: string[];
};

type Comparisons = ReadonlyMap<string, ReturnType<typeof comparisonOf>>;
type Staging = {
  work: TableWork;
  begun: BeginAnswer;
  result: StagedTables;
  comparisons: Comparisons;
  notes: RestoredNotes;
};

/**
 * Compares again and stages what differs. Running it again begins anew.
 * @throws AppError `restore.target_changed` when the target has changed meanwhile and would lose something
 */
export async function stageTables(work: TableWork, begun: BeginAnswer, step: StepContext): Promise<StagedTables> {
  const result: StagedTables = {
    ...{ tables: [], unchanged: 0, changes: noChanges(), bytes: 0, replacements: 0 },
    ...{ expect: [], swapped: [], warnings: [] },
  };
  const notes = new RestoredNotes(work.pair.hasBase ? work.sides.base : undefined, work.sides.session, 'rows');
  await work.sides.writer.resetTables();
  const plans = await readTablePlans(work);
  const comparisons = await prepareComparisons(work, plans);
  for (const [index, plan] of plans.entries()) {
    step.report({ done: index, total: plans.length, bytes: result.bytes, message: plan.name });
    const staging = { work, begun, result, comparisons, notes };
    const report = plan.how === 'kept' ? undefined : await stageTable(staging, plan);
    if (report === undefined) result.unchanged += 1;
    else result.tables.push(report);
  }
  await notes.flush();
  refuseLosses(result.changes, work.options);
  step.log(`${result.tables.length} tables are staged, ${result.bytes} bytes`);
  return result;
}

/** Most tables do not differ: that is found out for several at a time, before anything is staged. */
async function prepareComparisons(work: TableWork, plans: readonly TablePlan[]): Promise<Comparisons> {
  const mergeable = plans.filter((plan) => plan.how !== 'kept').filter(isMergeable);
  return new Map(
    await inLanes(mergeable, work.concurrency, async (plan) => {
      const compared = comparisonOf(work, plan);
      await compared.comparison.prepare();
      return [plan.name, compared] as const;
    }),
  );
}

function stageTable(staging: Staging, plan: MergeablePlan | SwapPlan): Promise<TableReport | undefined> {
  if (!isMergeable(plan)) return stageWhole(staging, plan);
  return plan.how === 'rows' ? stageRows(staging, plan) : stageMergedWhole(staging, plan);
}

/** The changes of one table; what else was found is noted. */
async function* changesOf(
  { result, notes }: Staging,
  plan: MergeablePlan,
  comparison: TableComparison,
  report: TableReport,
): AsyncGenerator<RowChange> {
  for await (const { change, targetChange, isLenient } of comparison.findings()) {
    if (targetChange) noteChange(result.changes, targetChange, isLenient);
    if (change === undefined) continue;
    countChange(report, change.kind);
    if (change.note) await notes.addRow(plan.clone.name, change.note);
    yield change;
  }
}

/** Only the rows that change: what they become, and what they are now. */
async function stageRows(staging: Staging, plan: MergeablePlan): Promise<TableReport | undefined> {
  const { work, begun, result } = staging;
  const { writer } = work.sides;
  const to = { name: plan.name, table: plan.target, maxRequestBytes: begun.maxRequestBytes };
  await using rows = new RowStager(writer, to);
  await using former = new RowStager(writer, { ...to, part: 'former' });
  const report = emptyReport(plan);
  const { comparison, translation } = staging.comparisons.get(plan.name) ?? comparisonOf(work, plan);
  const sent = () => rows.sent.rows + former.sent.rows;
  for await (const change of changesOf(staging, plan, comparison, report)) {
    if (sent() === 0) await writer.mergeTables([{ name: plan.name, columns: comparison.columns, key: plan.target.key ?? [] }]);
    if (change.row) await rows.add(change.row);
    if (change.former) await former.add(change.former);
  }
  if (sent() === 0) return undefined;
  await Promise.all([rows.flush(), former.flush()]);
  await checkStaged(work, plan, { rows, former });
  note(result, plan, translation, [rows, former]);
  return report;
}

/** What is staged is what was sent, or the commit would compare and write something else. */
async function checkStaged(work: TableWork, plan: MergeablePlan, parts: { rows: RowStager; former: RowStager }): Promise<void> {
  const { target, session } = work.sides;
  for (const part of ['rows', 'former'] as const) {
    const selection = { table: plan.name, columns: columnNames(plan.target), key: plan.target.key, session, part };
    const [digest] = await digestRows(target, selection, [{ after: null, upto: null }]);
    const { rows, checksum } = parts[part].sent;
    if (digest?.rows === rows && digest.checksum === checksum) continue;
    const reason = `${plan.name}: the rows it holds are not those that were sent (${parts[part].warnings.join('; ') || part})`;
    throw new AppError('target.database_failed', { reason });
  }
}

/** A table whose rows cannot be changed in one transaction: the target's rows with the clone's changes, as a new table. */
async function stageMergedWhole(staging: Staging, plan: MergeablePlan): Promise<TableReport | undefined> {
  const report = emptyReport(plan);
  const { comparison, translation } = staging.comparisons.get(plan.name) ?? comparisonOf(staging.work, plan);
  const key = plan.target.key ?? [];
  const shape = new RowShape(comparison.columns, { key, compared: comparison.columns });
  const keyOf = (row: Buffer) => keyText(shape.keyCells(row));
  const changes = new Map<string, RowChange>();
  const inserts: Buffer[] = [];
  for await (const change of changesOf(staging, plan, comparison, report)) {
    if (change.former) changes.set(keyOf(change.former), change);
    else if (change.row) inserts.push(change.row);
  }
  if (changes.size + inserts.length === 0) return undefined;
  await using stager = await makeStaging(staging, plan, plan.target);
  const selection = { table: plan.name, columns: comparison.columns, key };
  const sum = await stageLiveRows(staging.work, selection, stager, (row) => {
    const change = changes.get(keyOf(row));
    if (change === undefined) return row;
    if (change.former?.equals(row) !== true) throw movedOn(plan.name);
    changes.delete(keyOf(row));
    return change.row;
  });
  // The sum is of the rows as they were read now: what came before that and after the comparison must not go unnoticed.
  if (changes.size > 0) throw movedOn(plan.name);
  for (const row of inserts) await stager.add(row);
  await stager.flush();
  staging.result.expect.push({ ...selection, rows: sum.rows, checksum: String(sum.checksum) });
  note(staging.result, plan, translation, [stager]);
  return report;
}

/** Another attempt compares again. */
function movedOn(table: string): AppError {
  return new AppError('target.changed', { reason: `${table} was changed while it was read` });
}

/** @returns the sum of the live rows as they were read */
async function stageLiveRows(
  { sides }: TableWork,
  selection: RowSelection,
  stager: RowStager,
  become: (row: Buffer) => Buffer | null,
): Promise<RowSum> {
  const sum = new RowSum(selection.columns.length);
  for await (const batch of sides.target.rowsIn(selection, { after: null, upto: null })) {
    sum.add(batch.data);
    for (const row of splitPackedRows(batch.data, selection.columns.length)) {
      const kept = become(row);
      if (kept !== null) await stager.add(kept);
    }
  }
  return sum;
}

/** The clone's whole table: a new one, or one of another structure, or one without a key. */
async function stageWhole(staging: Staging, plan: SwapPlan): Promise<TableReport | undefined> {
  const { work, result } = staging;
  const state = await wholeTableState(work, plan);
  if (!state.cloneChanged) return undefined;
  if (state.targetChanged) noteChange(result.changes, { kind: 'table', what: plan.name, change: 'changed', lost: true }, false);
  const translation = createRowTranslation({ ...plan.clone, name: plan.name }, work.pair, work.rewriter);
  await using stager = await makeStaging(staging, plan, plan.clone);
  const columns = columnNames(plan.clone);
  for await (const batch of work.sides.clone.rowsIn(
    { table: plan.clone.name, columns, key: plan.clone.key },
    { after: null, upto: null },
  ))
    for (const row of splitPackedRows(batch.data, columns.length)) await stager.add(translation.translate(row));
  await stager.flush();
  if (plan.target && state.target) {
    const { rows, checksum } = state.target;
    result.expect.push({ ...countedOf(plan.target, work.pair.to.prefix), rows, checksum: String(checksum) });
  }
  if (countedOf(plan.clone, work.pair.from.prefix).columns.length === columns.length)
    await staging.notes.addTable(plan.clone.name, { source: stager.sent, written: state.clone });
  note(result, plan, translation, [stager]);
  return { ...emptyReport(plan), inserted: stager.sent.rows };
}

async function makeStaging(
  { work, begun, result }: Staging,
  plan: MergeablePlan | SwapPlan,
  table: SwapPlan['clone'],
): Promise<RowStager> {
  const { sql, changes } = adaptCreateSql(table, begun);
  for (const change of changes) result.warnings.push(`${plan.name}: ${change}`);
  await work.sides.writer.createTables([{ name: plan.name, createSql: sql }], false);
  result.swapped.push(plan.name);
  return new RowStager(work.sides.writer, { name: plan.name, table, maxRequestBytes: begun.maxRequestBytes });
}

function note(
  result: StagedTables,
  plan: { name: string },
  translation: ReturnType<typeof createRowTranslation>,
  stagers: readonly RowStager[],
): void {
  for (const { sent, warnings } of stagers) {
    result.bytes += sent.bytes;
    result.warnings.push(...new Set(warnings));
  }
  result.replacements += translation.replacements();
  for (const [column, count] of translation.tooLong())
    result.warnings.push(
      `${plan.name}.${column}: ${count} value(s) kept the clone’s address, the target’s is too long for the column`,
    );
}
