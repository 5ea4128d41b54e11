import type { TableReport } from '@wcr/shared/contracts/restore';
import type { StepContext } from '../../../engine/engine.types.ts';
import { noChanges, noteChange, type TargetChanges } from '../findings.ts';
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

/** Compares every table; nothing is written. */
export async function compareTables(work: TableWork, step: StepContext): Promise<ComparedTables> {
  const result: ComparedTables = { tables: [], unchanged: 0, changes: noChanges(), warnings: [] };
  const plans = await readTablePlans(work);
  for (const [index, plan] of plans.entries()) {
    step.report({ done: index, total: plans.length, message: plan.name });
    const report = await compareOne(work, plan, result);
    if (report.inserted + report.updated + report.deleted > 0 || report.how === 'swap') result.tables.push(report);
    else result.unchanged += 1;
  }
  for (const warning of result.warnings) step.log(warning);
  step.log(`${result.tables.length} of ${plans.length} tables differ`);
  return result;
}

async function compareOne(work: TableWork, plan: TablePlan, result: ComparedTables): Promise<TableReport> {
  if (plan.how !== 'kept' && isMergeable(plan)) return compareRows(work, plan, result.changes);
  if (plan.how === 'swap') return compareWhole(work, plan, result);
  const { cloneChanged } = await wholeTableState(work, { ...plan, how: 'swap', target: undefined, mergesRows: false });
  if (cloneChanged) result.warnings.push(`${plan.name} was changed in the clone and is left as it is: ${plan.reason}`);
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

async function compareWhole(work: TableWork, plan: SwapPlan, result: ComparedTables): Promise<TableReport> {
  const { cloneChanged, targetChanged, target } = await wholeTableState(work, plan);
  if (!cloneChanged) return { ...emptyReport(plan), how: 'kept' };
  if (targetChanged) {
    const change = { kind: 'table', what: `${plan.name} (${target?.rows ?? 0} rows)`, change: 'changed' as const, lost: true };
    noteChange(result.changes, change, false);
  }
  return emptyReport(plan);
}
