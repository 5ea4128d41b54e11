import { RESTORE_QUEUE } from '@wcr/shared/contracts/queues';
import { RestoreInput, type RestoreReport, restorePointSecretRef } from '@wcr/shared/contracts/restore';
import { readBaseMeta } from '../../base/base-meta.ts';
import { publishNotes, readNotes } from '../../base/restored-notes.ts';
import { defineJob } from '../../engine/define-job.ts';
import type { RunStep, StepContext } from '../../engine/engine.types.ts';
import { mergeChanges, refuseLosses } from './findings.ts';
import { openSides, openTarget, reachOther, reachTarget } from './open-sides.ts';
import { type ReportParts, reportOf } from './report.ts';
import type { RestoreDeps, RestoreSides } from './restore.types.ts';
import { type FilePlan, type FileWork, planFiles } from './restore-files.ts';
import type { TableWork } from './restore-tables.ts';
import { visitPages } from './site-check.ts';
import { restoreMapOf, type SitePair } from './site-pair.ts';
import { commitRestore } from './steps/commit-restore.ts';
import { compareSites } from './steps/compare-sites.ts';
import { type ComparedTables, compareTables } from './steps/compare-tables.ts';
import { stageFiles } from './steps/stage-files.ts';
import { stageTables } from './steps/stage-tables.ts';
import { verifyRestore } from './steps/verify-restore.ts';
import { undoRestore } from './undo-restore.ts';

const STEPS = [
  'reach-source',
  'reach-target',
  'compare-sites',
  'compare-tables',
  'compare-files',
  'begin-restore',
  'stage-tables',
  'stage-files',
  'commit-restore',
  'verify-restore',
  'publish-restore',
] as const;

/** The job that removes a restore point begins when its time is up, and may have to try for long; it needs the secrets then. */
const FORGET_GRACE_MS = 3 * 24 * 3_600_000;

/** The whole restore job, top to bottom: compare, stage where nobody sees it, swap, verify. */
export const restoreJob = defineJob<RestoreDeps>()({
  name: RESTORE_QUEUE,
  input: RestoreInput,
  steps: STEPS,

  async run({ input, deps, step: plainStep, signal }): Promise<RestoreOutput> {
    const { restoreId, options } = input;
    const timings: Record<string, number> = {};
    const step = timed(plainStep, timings, deps.now);
    const source = await step('reach-source', async (s) => {
      await deps.restores.update(restoreId, { status: 'running' });
      return reachOther(deps, input, s);
    });
    const target = await step('reach-target', (s) => reachTarget(deps, input, s));
    const open = (s: StepContext) => openSides(deps, input, { source, target }, s);
    const pair = await step('compare-sites', async (s) => compareSites(deps, input, await open(s), s));
    const rewriter = deps.createRewriter(restoreMapOf(pair));
    const workOf = async (s: StepContext) => {
      const sides = await open(s);
      const restored = pair.hasBase && sides.base ? await readNotes(sides.base) : undefined;
      const concurrency = deps.settings.copyConcurrency;
      return { sides, pair, options, rewriter, concurrency, restored, base: await baseOf(sides, pair) };
    };
    const compared = await step('compare-tables', async (s) => compareTables(await workOf(s), s));
    const tables = { ...compared, bytes: 0, replacements: 0 };
    const files = await step('compare-files', async (s) => {
      const planned = await compareFiles(await workOf(s), s);
      const preview = { pair, options, timings, tables, files: planned, warnings: compared.warnings };
      if (!options.dryRun) await refuseWithReport(deps, restoreId, preview);
      return planned;
    });
    if (options.dryRun) {
      const report = reportOf({ pair, options, timings, tables, files, warnings: compared.warnings });
      await step('publish-restore', (s) => publish(deps, input, report, s));
      return { restoreId, report };
    }
    const report = await inTurn({ deps, input, pair, signal }, () =>
      writeSite({ deps, input, pair, step, open, workOf, compared, planned: files, timings }),
    );
    return { restoreId, report };
  },

  async onTerminalFailure({ input, deps, error }) {
    // Only the target's are needed to undo, and maybe not before a job of its own does that.
    for (const secretRef of sourceSecretsOf(input)) await deps.secrets.forget(secretRef);
    try {
      await undoRestore(deps, input);
    } catch (cause) {
      // Maybe it failed because the target does not answer; a job of its own waits until it does.
      await deps.scheduleUndo({ restoreId: input.restoreId, owner: input.owner });
      throw cause;
    } finally {
      // In any case: somebody waits for an answer.
      await deps.restores.update(input.restoreId, { status: 'failed', error, endedAt: deps.now() });
    }
    await deps.secrets.forget(input.target.secretRef);
  },
});

type RestoreOutput = { restoreId: string; report: RestoreReport };
type StepName = (typeof STEPS)[number];

/** Notes how long each step took, also for steps that are replayed. */
function timed(step: RunStep<StepName>, timings: Record<string, number>, now: () => number): RunStep<StepName> {
  return async (name, body) => {
    const { output, ms } = await step(name, async (s) => {
      const begun = now();
      return { output: await body(s), ms: now() - begun };
    });
    timings[name] = ms;
    return output as Awaited<ReturnType<typeof body>>;
  };
}

type Writing = {
  readonly deps: RestoreDeps;
  readonly input: RestoreInput;
  readonly pair: SitePair;
  readonly step: RunStep<StepName>;
  readonly open: (s: StepContext) => Promise<RestoreSides>;
  readonly workOf: (s: StepContext) => Promise<FileWork & TableWork>;
  readonly compared: ComparedTables;
  readonly planned: PlannedFiles;
  readonly timings: Readonly<Record<string, number>>;
};

/** From here on the target is written to, first where nobody sees it. */
async function writeSite(writing: Writing): Promise<RestoreReport> {
  const { deps, input, pair, step, open, workOf, compared, planned, timings } = writing;
  const { options } = input;
  const { begun, before } = await step('begin-restore', async (s) => {
    const { writer } = await open(s);
    const begin = await writer.begin({
      mode: 'merge',
      prefix: pair.to.prefix,
      expect: { dbBytes: 0, fileBytes: planned.bytes },
      writes: planned.sent + planned.removed === 0 ? [] : [pair.folders.content],
    });
    return { begun: begin, before: await visitPages(deps, pair.to.home, s) };
  });
  const staged = await step('stage-tables', async (s) => stageTables(await workOf(s), begun, s));
  const files = await step('stage-files', async (s) => stageFiles(await workOf(s), begun, s));
  const committed = await step('commit-restore', async (s) => {
    const restorePointUntil = deps.now() + deps.settings.restorePointMs;
    return commitRestore(await workOf(s), { begun, staged, restorePointUntil }, s);
  });
  const verified = await step('verify-restore', async (s) => {
    // The swap may have switched the plugin off, or closed the way by which it was reached.
    const again = await reachTarget(deps, input, s);
    return verifyRestore(deps, await openTarget(deps, input, again, s), { home: pair.to.home, before, files, options }, s);
  });
  const warnings = [...compared.warnings, ...committed.tables.warnings, ...files.warnings, ...verified.warnings];
  const report = reportOf({ pair, options, timings, tables: committed.tables, files, warnings, committed });
  await step('publish-restore', async (s) => {
    if (await isPublished(deps, input)) return null;
    const { writer, base, session } = await open(s);
    if (pair.hasBase && base) await publishNotes(base, session);
    await writer.finish();
    return publish(deps, input, report, s);
  });
  return report;
}

/** One restore at a time on one target: a second one would clear away what the first has staged. */
function inTurn<T>(
  { deps, input, pair, signal }: { deps: RestoreDeps; input: RestoreInput; pair: SitePair; signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  return deps.restoreTurns.take({ siteUrl: pair.to.home, holder: input.restoreId, signal, onWait: () => undefined }, work);
}

type PlannedFiles = Omit<FilePlan, 'send' | 'remove'> & { sent: number; removed: number; bytes: number; replacements: number };

async function compareFiles(work: FileWork, step: StepContext): Promise<PlannedFiles> {
  const { send, remove, ...rest } = await planFiles(work);
  step.log(`${send.length} files differ, ${remove.length} are gone in the clone`);
  const bytes = send.reduce((sum, { size }) => sum + size, 0);
  return { ...rest, sent: send.length, removed: remove.length, bytes, replacements: 0 };
}

async function baseOf(sides: RestoreSides, pair: SitePair) {
  return pair.hasBase && sides.base ? readBaseMeta(sides.base) : undefined;
}

/** A restore that stops because of the target's changes shows them. */
async function refuseWithReport(deps: RestoreDeps, restoreId: string, parts: ReportParts): Promise<void> {
  const changes = mergeChanges([parts.tables.changes, parts.files.changes]);
  if (changes.blocking > 0) await deps.restores.update(restoreId, { report: reportOf(parts) });
  refuseLosses(changes, parts.options);
}

/**
 * Publishing forgets what opens the target and allows a rollback: a worker that takes over after that must not begin again. Secrets
 * that are left then end by themselves.
 */
async function isPublished(deps: RestoreDeps, { restoreId }: RestoreInput): Promise<boolean> {
  const record = await deps.restores.read(restoreId);
  return record !== undefined && record.status !== 'running';
}

async function publish(deps: RestoreDeps, input: RestoreInput, report: RestoreReport, step: StepContext): Promise<null> {
  const { restoreId, owner, target } = input;
  if (report.restorePointUntil !== null) {
    const { pairingKey, httpAuth } = await deps.secrets.open(target.secretRef);
    if (pairingKey !== undefined)
      await deps.secrets.keep(
        restorePointSecretRef(restoreId),
        { pairingKey, ...(httpAuth && { httpAuth }) },
        report.restorePointUntil + FORGET_GRACE_MS,
      );
    await deps.scheduleForget({ restoreId, owner, at: report.restorePointUntil });
  }
  await deps.restores.update(restoreId, { status: 'completed', report, endedAt: deps.now() });
  for (const secretRef of [input.target.secretRef, ...sourceSecretsOf(input)]) await deps.secrets.forget(secretRef);
  step.log(report.dryRun ? 'a dry run: nothing was written' : 'restored');
  return null;
}

/** None where the source is one of our clones. */
function sourceSecretsOf({ from }: RestoreInput): string[] {
  return 'source' in from ? [from.source.secretRef] : [];
}
