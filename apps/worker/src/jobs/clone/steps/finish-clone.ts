import type { SourceAgent } from '../../../drivers/agent/source-agent.ts';
import type { Statement, TargetAgent } from '../../../drivers/agent/target-agent.ts';
import type { CloneHandle } from '../../../drivers/runtime/runtime.types.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { Rewriter } from '../../../rewriter/rewriter.types.ts';
import { hashPassword } from '../phpass.ts';
import { renderWpConfig } from '../wp-config.ts';
import type { CopyPlan } from './plan-copy.ts';

export const GUARD_FILE = 'wcr-clone-guard.php';

type Sides = { source: SourceAgent; target: TargetAgent };
type Options = {
  plan: CopyPlan;
  handle: CloneHandle;
  rewriter: Rewriter;
  guard: string;
  excludeTables: readonly string[];
};

/**
 * What makes copied data a site of its own: relations, configuration, isolation, its own administrator. Ends the target's
 * session last; a worker that takes over after that finds the session gone, and finds in its scratch that all is done.
 */
export async function finishClone(sides: Sides, options: Options, step: StepContext): Promise<{ warnings: string[] }> {
  const done = (await step.scratch.read()) as { warnings: string[] } | undefined;
  const result = done ?? { warnings: await adapt(sides, options, step) };
  if (done === undefined) await step.scratch.write(result);
  await sides.target.finish();
  return result;
}

async function adapt({ source, target }: Sides, options: Options, step: StepContext): Promise<string[]> {
  const { plan, handle } = options;
  const warnings = await target.execute(await statementsOf(source, options));
  for (const warning of warnings) step.log(warning);
  await target.writeFile('wp-config.php', configOf(plan, handle), 0o640);
  await target.makeEntries([{ kind: 'd', path: plan.muPlugins, mode: 0o755 }]);
  await target.writeFile(`${plan.muPlugins}/${GUARD_FILE}`, options.guard);
  await target.ensureAdmin({
    login: handle.credentials.username,
    email: `${handle.record.id}@clone.invalid`,
    passwordHash: hashPassword(handle.credentials.password),
    marker: handle.record.id,
  });
  return warnings;
}

function configOf(plan: CopyPlan, handle: CloneHandle): string {
  return renderWpConfig({
    cloneId: handle.record.id,
    url: handle.url,
    sourceHost: new URL(plan.home).host,
    expiresAt: handle.record.expiresAt,
    database: handle.database,
    charset: plan.charset,
    collation: plan.collation,
    prefix: plan.prefix,
    constants: plan.constants,
  });
}

/** Foreign keys, views and triggers, which name addresses too (a view may filter by one). */
async function statementsOf(source: SourceAgent, options: Options): Promise<Statement[]> {
  const schema = await source.schema();
  const excluded = new Set(options.excludeTables);
  const rewrite = (sql: string) => options.rewriter.rewrite(Buffer.from(sql)).bytes.toString();
  const tables = schema.tables.filter((table) => !excluded.has(table.name));
  return [
    ...tables.flatMap((table) =>
      table.foreignKeys.map((key): Statement => ({ kind: 'foreign-key', name: key.name, table: table.name, sql: key.sql })),
    ),
    ...schema.views.map((view): Statement => ({ kind: 'view', name: view.name, sql: rewrite(view.sql) })),
    ...schema.triggers.map(
      (trigger): Statement => ({ kind: 'trigger', name: trigger.name, table: trigger.table, sql: rewrite(trigger.sql) }),
    ),
  ];
}
