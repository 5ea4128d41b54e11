import { ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import { type RestoreRecord, RollbackInput, restorePointSecretRef, targetSecretRef } from '@wcr/shared/contracts/restore';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { withdrawNotes } from '../../base/restored-notes.ts';
import type { TargetAgent } from '../../drivers/agent/target-agent.ts';
import { defineJob } from '../../engine/define-job.ts';
import type { StepContext } from '../../engine/engine.types.ts';
import type { ReachedSite } from '../reach-site.ts';
import { openBase, openTarget, sessionOf } from '../restore/open-sides.ts';
import type { RestoreDeps } from '../restore/restore.types.ts';
import { visitPages } from '../restore/site-check.ts';

/** Back to the restore point of a restore, the end of the restore point when its time is up, or of a restore that failed. */
export const rollbackJob = defineJob<RestoreDeps>()({
  name: ROLLBACK_QUEUE,
  input: RollbackInput,
  steps: ['reach-target', 'roll-back', 'remove-restore-point', 'update-record'],
  // What is rolled back is so: nothing would bring the restored site again, and what is left of the restore point would stay.
  pointOfNoReturn: 'roll-back',
  async run({ input, jobId, deps, step, signal }) {
    const { restoreId, action } = input;
    const record = await readRecord(deps, input, jobId);
    // A rollback has ended the restore point already, and forgotten what opens the target.
    if (action === 'forget' && record.status === 'rolled-back') return { restoreId, action };
    const reached = await step('reach-target', (s) => reachByKey(deps, targetOf(record, action), s));
    const open = (s: StepContext) => openTarget(deps, { restoreId, target: targetOf(record, action) }, reached, s);
    await deps.restoreTurns.take({ siteUrl: reached.homeUrl, holder: jobId, signal, onWait: () => undefined }, async () => {
      if (action !== 'forget')
        await step('roll-back', async (s) => {
          const state = await rollBack(deps, await open(s), { restoreId, action, homeUrl: reached.homeUrl }, s);
          await forgetRestored(deps, record, s);
          return state;
        });
      await step('remove-restore-point', async (s) => {
        await (await open(s)).writer.finish({ removeRestorePoint: true });
        return null;
      });
    });
    await step('update-record', async () => {
      if (action !== 'forget' && record.status !== 'failed') await deps.restores.update(restoreId, endOf(action, deps.now()));
      await deps.secrets.forget(targetOf(record, action).secretRef);
      return null;
    });
    return { restoreId, action };
  },

  async onTerminalFailure({ input: { restoreId, action }, jobId, deps, error }) {
    if (action !== 'roll-back') return;
    const record = await deps.restores.read(restoreId);
    // What is told of another rollback, which took this one's place, or of one that is done stays.
    if (record?.rollbackJobId !== jobId || record.status === 'rolled-back') return;
    const isBack = await finishIfBack(deps, record, error.code);
    // Otherwise the site stays as restored, and the restore point with it.
    await deps.restores.update(restoreId, isBack ? endOf('roll-back', deps.now()) : { status: 'completed', error });
  },
});

const BACK = new Set(['rolled-back', 'finishing']);
/** As long as a failed rollback may keep its worker. */
const FINISH_MS = 30_000;

/**
 * A rollback may fail for good (its time was spent, or too many workers lost it) when the site is as before already: then what is left of
 * it is done. A site that cannot be asked counts as restored; asking for the rollback again finds out.
 * @returns whether the site is as before
 */
async function finishIfBack(deps: RestoreDeps, record: RestoreRecord, code: string): Promise<boolean> {
  const target = targetOf(record, 'roll-back');
  const step = { signal: AbortSignal.timeout(FINISH_MS), log: () => undefined };
  try {
    const { writer } = await openTarget(deps, { restoreId: record.id, target }, await reachByKey(deps, target, step), step);
    // Only the end of a rollback removes the session, unless there was none.
    const phase = await phaseOf(writer);
    if (phase === undefined ? code === 'restore.no_restore_point' : !BACK.has(phase)) return false;
    await forgetRestored(deps, record, step);
    await writer.finish({ removeRestorePoint: true });
    await deps.secrets.forget(target.secretRef);
    return true;
  } catch {
    return false;
  }
}

/** @returns undefined when the site has no such session */
async function phaseOf(writer: TargetAgent): Promise<string | undefined> {
  try {
    return (await writer.state()).phase;
  } catch (error) {
    if (isAppError(error) && error.code === 'agent.session_unknown') return undefined;
    throw error;
  }
}

async function readRecord(deps: RestoreDeps, { restoreId, action }: RollbackInput, jobId: string): Promise<RestoreRecord> {
  const record = await deps.restores.read(restoreId);
  if (record === undefined) throw new AppError('restore.not_found', { restoreId });
  // Another rollback was asked for since, and this one's failure was told already.
  if (action === 'roll-back' && record.rollbackJobId !== jobId)
    throw new AppError('restore.no_restore_point', { restoreId, reason: 'another rollback took its place' });
  return record;
}

function endOf(action: 'roll-back' | 'undo', endedAt: number): Partial<RestoreRecord> {
  if (action === 'roll-back') return { status: 'rolled-back', endedAt };
  const { code, message } = new AppError('job.stalled');
  return { status: 'failed', endedAt, error: { code, message } };
}

function targetOf({ id, targetUrl }: RestoreRecord, action: RollbackInput['action']) {
  return { url: targetUrl, secretRef: action === 'undo' ? targetSecretRef(id) : restorePointSecretRef(id) };
}

/** By the pairing key alone: passwords are not kept for this. */
async function reachByKey(
  deps: RestoreDeps,
  { url, secretRef }: ReturnType<typeof targetOf>,
  step: Pick<StepContext, 'signal' | 'log'>,
): Promise<ReachedSite> {
  const { pairingKey, httpAuth } = await deps.secrets.open(secretRef);
  if (pairingKey === undefined) throw new AppError('secret.missing');
  const remembered = await deps.secrets.rememberedTransport(url);
  const found = await deps.discoverAgent({ homeUrl: url, pairingKey, httpAuth, remembered, signal: step.signal });
  if (found === undefined) throw new AppError('target.died', { reason: 'no transport led to its agent' });
  step.log(`the agent answers (${found.address.transport})`);
  return { homeUrl: url, agentUrl: found.address.url, transport: found.address.transport };
}

async function rollBack(
  deps: RestoreDeps,
  { writer }: Awaited<ReturnType<typeof openTarget>>,
  { restoreId, action, homeUrl }: { restoreId: string; action: RollbackInput['action']; homeUrl: string },
  step: StepContext,
): Promise<{ front: number }> {
  try {
    await writer.rollback();
  } catch (error) {
    if (!isAppError(error)) throw error;
    if (error.code === 'target.changed') throw new AppError('restore.rollback_conflict', error.detail, { cause: error });
    if (error.code !== 'agent.session_unknown') throw error;
    // A failed restore may not have begun to write.
    if (action === 'undo') return { front: 0 };
    throw new AppError('restore.no_restore_point', { restoreId, reason: 'the target has none' });
  }
  const { front } = await visitPages(deps, homeUrl, step);
  step.log(`rolled back; the front page answers ${front.status}`);
  return { front: front.status };
}

/** The clone no longer takes for restored what was taken back, or its next restore would leave that out. One that is gone need not know. */
async function forgetRestored(
  deps: RestoreDeps,
  { id, cloneId }: RestoreRecord,
  step: Pick<StepContext, 'signal' | 'log'>,
): Promise<void> {
  const base = cloneId === undefined ? undefined : await openBase(deps, cloneId, step);
  if (base) await withdrawNotes(base, sessionOf(id));
}
