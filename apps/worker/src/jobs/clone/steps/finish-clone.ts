import type { TablesAnswer } from '@wcr/shared/contracts/agent-schema';
import { baseTableOf, writeBaseMeta } from '../../../base/base-meta.ts';
import type { BaseStore } from '../../../drivers/agent/base-store.ts';
import type { SourceAgent } from '../../../drivers/agent/source-agent.ts';
import type { Statement, TargetAgent } from '../../../drivers/agent/target-agent.ts';
import type { CloneHandle } from '../../../drivers/runtime/runtime.types.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { Rewriter } from '../../../rewriter/rewriter.types.ts';
import type { CloneDeps } from '../clone.types.ts';
import { hashPassword } from '../phpass.ts';
import { renderWpConfig } from '../wp-config.ts';
import type { CopyPlan } from './plan-copy.ts';

/** Must-use plugins of clones, of the folder `clone-guard`: what keeps them from acting on the world, and login links. */
export const GUARD_FILES = ['wcr-clone-guard.php', 'wcr-clone-login.php'] as const;

type Sides = { source: SourceAgent; target: TargetAgent; base: BaseStore };
type Options = {
  plan: CopyPlan;
  handle: CloneHandle;
  rewriter: Rewriter;
  readGuard: CloneDeps['readCloneGuard'];
  /** Tables of whose rows the clone's server changed some. */
  inexact: readonly string[];
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

async function adapt({ source, target, base }: Sides, options: Options, step: StepContext): Promise<string[]> {
  const { plan, handle } = options;
  const schema = await copiedSchema(source, options.excludeTables);
  const warnings = await target.execute(statementsOf(schema, options));
  for (const warning of warnings) step.log(warning);
  await target.writeFile('wp-config.php', configOf(plan, handle), 0o640);
  await target.makeEntries([{ kind: 'd', path: plan.muPlugins, mode: 0o755 }]);
  for (const file of GUARD_FILES) await target.writeFile(`${plan.muPlugins}/${file}`, await options.readGuard(file));
  const adminId = await target.ensureAdmin({
    login: handle.credentials.username,
    email: `${handle.record.id}@clone.invalid`,
    passwordHash: hashPassword(handle.credentials.password),
    marker: handle.record.id,
  });
  await writeBaseMeta(base, {
    version: 1,
    home: plan.home,
    root: plan.root,
    prefix: plan.prefix,
    wordpressVersion: plan.wordpressVersion,
    adminId,
    activePlugins: plan.activePlugins,
    tables: schema.tables.map((table) => baseTableOf(table, !options.inexact.includes(table.name))),
  });
  return warnings;
}

function configOf(plan: CopyPlan, handle: CloneHandle): string {
  return renderWpConfig({
    cloneId: handle.record.id,
    url: handle.url,
    sourceHost: new URL(plan.home).host,
    expiresAt: handle.record.expiresAt,
    loginSecret: handle.credentials.loginSecret,
    database: handle.database,
    charset: plan.charset,
    collation: plan.collation,
    prefix: plan.prefix,
    constants: plan.constants,
  });
}

/** The structure of what was copied. */
async function copiedSchema(source: SourceAgent, excludeTables: readonly string[]): Promise<TablesAnswer> {
  const schema = await source.schema();
  const excluded = new Set(excludeTables);
  return { ...schema, tables: schema.tables.filter((table) => !excluded.has(table.name)) };
}

/** Foreign keys, views and triggers, which name addresses too (a view may filter by one). */
function statementsOf({ tables, views, triggers }: TablesAnswer, options: Options): Statement[] {
  const rewrite = (sql: string) => options.rewriter.rewrite(Buffer.from(sql)).bytes.toString();
  return [
    ...tables.flatMap((table) =>
      table.foreignKeys.map((key): Statement => ({ kind: 'foreign-key', name: key.name, table: table.name, sql: key.sql })),
    ),
    ...views.map((view): Statement => ({ kind: 'view', name: view.name, sql: rewrite(view.sql) })),
    ...triggers.map(
      (trigger): Statement => ({ kind: 'trigger', name: trigger.name, table: trigger.table, sql: rewrite(trigger.sql) }),
    ),
  ];
}
