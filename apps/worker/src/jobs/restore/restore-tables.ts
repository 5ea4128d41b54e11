import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import type { RestoreOptions, TableReport } from '@wcr/shared/contracts/restore';
import { readChunks } from '../../base/base-chunks.ts';
import type { BaseMeta } from '../../base/base-meta.ts';
import { addSums, cellsOf, packCells } from '../../base/packed-row.ts';
import type { RestoredState, TableNote, TableSum } from '../../base/restored-notes.ts';
import { bareName, identityOf } from '../../base/row-identity.ts';
import { tableBaseName } from '../../base/table-recorder.ts';
import type { BaseStore } from '../../drivers/agent/base-store.ts';
import { digestRows, type RowDigest } from '../../drivers/agent/compare-reads.ts';
import type { RowSelection, SourceAgent } from '../../drivers/agent/source-agent.ts';
import type { Rewriter } from '../../rewriter/rewriter.types.ts';
import { mergeActivePlugins, readList, serializeList } from './active-plugins.ts';
import { type ComparedTable, TableComparison } from './compare-table.ts';
import type { RestoreSides } from './restore.types.ts';
import { rulesFor, viewRow } from './row-rules.ts';
import { createRowTranslation, type RowTranslation } from './row-translation.ts';
import type { SitePair } from './site-pair.ts';
import { columnNames, planTables, type TablePlan } from './table-plan.ts';

/** What comparing and staging tables works with. */
export type TableWork = {
  readonly sides: RestoreSides;
  readonly pair: SitePair;
  readonly base: BaseMeta | undefined;
  readonly restored?: RestoredState | undefined;
  readonly options: RestoreOptions;
  readonly rewriter: Rewriter;
  /** Tables that are compared at a time. */
  readonly concurrency: number;
};

export type MergePlan = Extract<TablePlan, { how: 'rows' }>;
export type SwapPlan = Extract<TablePlan, { how: 'swap' }>;
/** A plan by which rows are compared one by one. */
export type MergeablePlan = (MergePlan | SwapPlan) & { readonly target: TableSchema };

export function isMergeable(plan: MergePlan | SwapPlan): plan is MergeablePlan {
  return plan.how === 'rows' || plan.mergesRows;
}

/** The decision for every table, from the structure both sites have now. */
export async function readTablePlans({ sides, pair, base, restored }: TableWork): Promise<TablePlan[]> {
  const [clone, target] = await Promise.all([sides.clone.schema(), sides.target.schema()]);
  return planTables(clone, target, { pair, base, brought: new Set(restored?.tables.keys()) });
}

/** The comparison of a table of which rows are merged. */
export function comparisonOf(work: TableWork, plan: MergeablePlan): { comparison: TableComparison; translation: RowTranslation } {
  const { sides, pair, options, rewriter } = work;
  const bare = bareName(plan.name, pair.to.prefix);
  const translation = createRowTranslation(plan.target, pair, rewriter);
  const compared: ComparedTable = {
    table: plan.target,
    cloneName: plan.clone.name,
    prefix: pair.to.prefix,
    base: plan.hasBase ? sides.base : undefined,
    notes: work.restored?.rows.get(plan.clone.name),
    rules: rulesFor(bare, plan.target.key ?? [], { adminId: pair.adminId, preserveThemes: options.preserveThemes }),
    translation,
    ...(bare === 'options' && { amend: amendOptions(pair, options) }),
  };
  return { comparison: new TableComparison(sides, compared), translation };
}

/** Which plugins are active is neither the clone's nor the target's list, but what was switched in the clone, on the target's. */
function amendOptions(pair: SitePair, options: RestoreOptions): ComparedTable['amend'] {
  return (row, columns) => {
    if (viewRow(row, columns)('option_name') !== 'active_plugins') return undefined;
    const cells = cellsOf(row, columns.length);
    const place = columns.indexOf('option_value');
    // What the row holds, not what was read of it before: somebody may have switched a plugin since.
    const former = readList(cells[place] ?? Buffer.alloc(0));
    const { active } = mergedPlugins({ ...pair, activePlugins: { ...pair.activePlugins, target: former } }, options);
    if (active.join('\n') === former.join('\n')) return undefined;
    cells[place] = serializeList(active);
    return packCells(cells);
  };
}

/** The plugins that will be active, and those that were switched on in the clone but will not be there. */
export function mergedPlugins(pair: SitePair, { preservePlugins }: RestoreOptions): { active: string[]; missing: string[] } {
  const files = new Set([...pair.plugins.target, ...(preservePlugins ? [] : pair.plugins.clone)].map(({ file }) => file));
  return mergeActivePlugins(pair.activePlugins, (file) => files.has(file));
}

/** Whether a table was changed since the clone was made, on each side, by the sums of all its rows. */
export async function wholeTableState(work: TableWork, plan: SwapPlan): Promise<WholeTableState> {
  const { sides, pair } = work;
  const target = plan.target && (await digestWhole(sides.target, countedOf(plan.target, pair.to.prefix)));
  const then = await lastKnown(work, plan);
  const clone = await digestWhole(sides.clone, countedOf(plan.clone, pair.from.prefix));
  if (then === undefined) return { cloneChanged: true, targetChanged: target !== undefined && target.rows > 0, target, clone };
  return {
    cloneChanged: then.hasOtherShape || !isSameSum(clone, then.written),
    targetChanged: target === undefined || !isSameSum(target, then.source),
    ...{ target, clone },
  };
}

export type WholeTableState = {
  readonly cloneChanged: boolean;
  readonly targetChanged: boolean;
  readonly target: RowDigest | undefined;
  readonly clone: RowDigest;
};

/** How the table was after the last restore that brought it, or else when the clone was made; undefined when nobody knows. */
async function lastKnown(work: TableWork, plan: SwapPlan): Promise<(TableNote & { hasOtherShape: boolean }) | undefined> {
  const noted = work.restored?.tables.get(plan.clone.name);
  if (noted !== undefined) return { ...noted, hasOtherShape: false };
  if (!plan.hasBase || work.sides.base === undefined) return undefined;
  const { rows, source, written } = await sumOfBase(work.sides.base, plan.clone.name);
  const known = work.base?.tables.find(({ name }) => name === plan.clone.name);
  return {
    source: { rows, checksum: source },
    written: { rows, checksum: written },
    hasOtherShape: known === undefined || columnNames(known).join() !== columnNames(plan.clone).join(),
  };
}

function isSameSum(a: TableSum, b: TableSum): boolean {
  return a.rows === b.rows && a.checksum === b.checksum;
}

/** What counts when rows of a table are summed: what the base has sums of. */
export function countedOf(table: TableSchema, prefix: string): RowSelection {
  return { table: table.name, columns: identityOf(table, prefix)?.compared ?? columnNames(table), key: table.key };
}

async function sumOfBase(base: BaseStore, table: string): Promise<{ rows: number; source: bigint; written: bigint }> {
  const sum = { rows: 0, source: 0n, written: 0n };
  for await (const chunk of readChunks(base.read(tableBaseName(table)))) {
    sum.rows += chunk.rows;
    sum.source = addSums(sum.source, chunk.source);
    sum.written = addSums(sum.written, chunk.written);
  }
  return sum;
}

/** The rows of a table and their sum. */
export async function digestWhole(agent: SourceAgent, selection: RowSelection): Promise<RowDigest> {
  const [digest] = await digestRows(agent, selection, [{ after: null, upto: null }]);
  return digest ?? { rows: 0, checksum: 0n };
}

export function emptyReport(plan: TablePlan): TableReport {
  return { name: plan.name, how: plan.how, inserted: 0, updated: 0, deleted: 0 };
}
