import type { TableReport } from '@wcr/shared/contracts/restore';
import type { StepContext } from '../../../engine/engine.types.ts';
import { inLanes } from '../../in-lanes.ts';
import { mergeChanges, noChanges, noteChange, type TargetChanges } from '../findings.ts';
import {
  comparisonOf,
  emptyReport,
  isMergeable,
  type MergeablePlan,
  readTablePlans,
  type SwapPlan,
  type TableWork,
  wholeTableState,
} from '../restore-tables.ts';
import type { TablePlan } from '../table-plan.ts';

export type ComparedTables = {
  /** Only tables that differ. */
  tables: TableReport[];
  unchanged: number;
  changes: TargetChanges;
  warnings: string[];
};

/** What was found of one table. */
type Found = { readonly changes: TargetChanges; readonly warnings: string[] };

/** Compares every table, a few at a time; nothing is written. */
export async function compareTables(work: TableWork, step: StepContext): Promise<ComparedTables> {
  const plans = await readTablePlans(work);
  let done = 0;
  const compared = await inLanes(plans, work.concurrency, async (plan) => {
    const found: Found = { changes: noChanges(), warnings: [] };
    const report = await compareOne(work, plan, found);
    done += 1;
    step.report({ done, total: plans.length, message: plan.name });
    return { ...found, report };
  });
  const tables = compared.map(({ report }) => report).filter(isDifferent);
  const warnings = compared.flatMap((found) => found.warnings);
  for (const warning of warnings) step.log(warning);
  step.log(`${tables.length} of ${plans.length} tables differ`);
  return {
    tables,
    unchanged: plans.length - tables.length,
    changes: mergeChanges(compared.map((found) => found.changes)),
    warnings,
  };
}

function isDifferent({ inserted, updated, deleted, how }: TableReport): boolean {
  return inserted + updated + deleted > 0 || how === 'swap';
}

async function compareOne(work: TableWork, plan: TablePlan, found: Found): Promise<TableReport> {
  if (plan.how !== 'kept' && isMergeable(plan)) return compareRows(work, plan, found.changes);
  if (plan.how === 'swap') return compareWhole(work, plan, found);
  const { cloneChanged } = await wholeTableState(work, { ...plan, how: 'swap', target: undefined, mergesRows: false });
  if (cloneChanged) found.warnings.push(`${plan.name} was changed in the clone and is left as it is: ${plan.reason}`);
  return emptyReport(plan);
}

async function compareRows(work: TableWork, plan: MergeablePlan, changes: TargetChanges): Promise<TableReport> {
  const report = emptyReport(plan);
  for await (const { change, targetChange, isLenient } of comparisonOf(work, plan).comparison.findings()) {
    if (targetChange) noteChange(changes, targetChange, isLenient);
    if (change) countChange(report, change.kind);
  }
  return report.inserted + report.updated + report.deleted === 0 ? { ...report, how: 'kept' } : report;
}

export function countChange(report: TableReport, kind: 'insert' | 'update' | 'delete'): void {
  if (kind === 'insert') report.inserted += 1;
  else if (kind === 'update') report.updated += 1;
  else report.deleted += 1;
}

async function compareWhole(work: TableWork, plan: SwapPlan, { changes }: Found): Promise<TableReport> {
  const { cloneChanged, targetChanged, target } = await wholeTableState(work, plan);
  if (!cloneChanged) return { ...emptyReport(plan), how: 'kept' };
  if (targetChanged) {
    const change = { kind: 'table', what: `${plan.name} (${target?.rows ?? 0} rows)`, change: 'changed' as const, lost: true };
    noteChange(changes, change, false);
  }
  return emptyReport(plan);
}
