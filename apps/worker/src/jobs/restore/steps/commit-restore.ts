import { isAppError } from '@wcr/shared/errors/app-error';
import type { BeginAnswer, Statement } from '../../../drivers/agent/target-agent.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { TableWork } from '../restore-tables.ts';
import { type StagedTables, stageTables } from './stage-tables.ts';

export type Committed = { maintenanceMs: number; restorePointUntil: number; tables: StagedTables };

/** A busy shop changes rows while they are compared; each round compares only what differs. */
const MAX_ROUNDS = 5;

/**
 * Puts everything staged in its place. When the target changed in between, compares and stages its rows again.
 * @throws AppError `restore.target_changed`, `target.changed` when it does not stand still, `target.locked`, `target.*`
 */
export async function commitRestore(
  work: TableWork,
  known: { begun: BeginAnswer; staged: StagedTables; restorePointUntil: number },
  step: StepContext,
): Promise<Committed> {
  const { restorePointUntil } = known;
  const stageAgain = () => stageNoted(work, known.begun, step);
  let tables = await stagedLast(known.staged, step, stageAgain);
  for (let round = 1; ; round += 1) {
    try {
      const until = { keepRestorePoint: true, restorePointUntil: Math.floor(restorePointUntil / 1000) };
      const { maintenanceMs } = await work.sides.writer.commit({ ...until, expect: tables.expect });
      for (const warning of await work.sides.writer.execute(await statementsOf(work, tables.swapped))) {
        step.log(warning);
        tables.warnings.push(warning);
      }
      step.log(`the restored site is in place; it was closed for ${maintenanceMs} ms`);
      return { maintenanceMs, restorePointUntil, tables };
    } catch (error) {
      if (!isAppError(error) || error.code !== 'target.changed' || round === MAX_ROUNDS) throw error;
      step.log(`${error.message} Comparing again.`);
      tables = await stageAgain();
    }
  }
}

type Noted = { staged: StagedTables | null };

/** Notes that staging is not what is to be committed while it is made anew. */
async function stageNoted(work: TableWork, begun: BeginAnswer, step: StepContext): Promise<StagedTables> {
  await step.scratch.write({ staged: null } satisfies Noted);
  const staged = await stageTables(work, begun, step);
  await step.scratch.write({ staged } satisfies Noted);
  return staged;
}

/** What staging holds when the step begins: an earlier attempt may have staged again, or died in the middle of it. */
async function stagedLast(
  staged: StagedTables,
  step: StepContext,
  stageAgain: () => Promise<StagedTables>,
): Promise<StagedTables> {
  const noted = (await step.scratch.read()) as Noted | undefined;
  if (noted === undefined) return staged;
  return noted.staged ?? (await stageAgain());
}

/** Relations and triggers of the tables that were swapped, which a table loses when it is made anew. */
async function statementsOf({ sides, pair }: TableWork, swapped: readonly string[]): Promise<Statement[]> {
  if (swapped.length === 0) return [];
  const names = new Set(swapped);
  const [clone, target] = await Promise.all([sides.clone.schema(), sides.target.schema()]);
  const ours = (name: string) => pair.to.prefix + name.slice(pair.from.prefix.length);
  const had = new Set(target.triggers.map(({ name }) => name));
  return [
    ...clone.tables
      .filter((table) => names.has(ours(table.name)))
      .flatMap((table) =>
        table.foreignKeys.map(
          (key): Statement => ({ kind: 'foreign-key', name: key.name, table: ours(table.name), sql: key.sql }),
        ),
      ),
    ...clone.triggers
      .filter(({ name, table }) => names.has(ours(table)) && !had.has(name))
      .map((trigger): Statement => ({ kind: 'trigger', name: trigger.name, table: ours(trigger.table), sql: trigger.sql })),
  ];
}
