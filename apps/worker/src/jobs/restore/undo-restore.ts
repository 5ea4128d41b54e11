import type { SourceSecrets } from '@wcr/shared/contracts/jobs';
import type { RestoreInput } from '@wcr/shared/contracts/restore';
import { isAppError } from '@wcr/shared/errors/app-error';
import { openTarget } from './open-sides.ts';
import type { RestoreDeps } from './restore.types.ts';

const COMMITTED = new Set(['committed', 'committing', 'rolling-back', 'kept']);

/**
 * Brings the target back to what it was and clears away what was staged, however far the restore got. Repeating it changes
 * nothing. A target that was never reached needs none of it.
 */
export async function undoRestore(deps: RestoreDeps, input: RestoreInput): Promise<void> {
  const signal = new AbortController().signal;
  const { pairingKey, httpAuth } = await secretsOf(deps, input);
  if (pairingKey === undefined) return;
  const homeUrl = input.target.url;
  const found = await deps.discoverAgent({ homeUrl, pairingKey, httpAuth, signal });
  if (found === undefined) throw new Error('the target’s agent does not answer');
  const reached = { homeUrl, agentUrl: found.address.url, transport: found.address.transport };
  const { writer } = await openTarget(deps, input, reached, { signal, log: () => undefined });
  try {
    const { phase } = await writer.state();
    if (COMMITTED.has(phase)) await writer.rollback();
  } catch (error) {
    if (!isAppError(error) || error.code !== 'agent.session_unknown') throw error;
  }
  await writer.finish({ removeRestorePoint: true });
}

/** None when they are gone: then nothing opens the target any more, and trying again changes nothing. */
async function secretsOf({ secrets }: RestoreDeps, { target }: RestoreInput): Promise<SourceSecrets> {
  try {
    return await secrets.open(target.secretRef);
  } catch (error) {
    if (isAppError(error) && (error.code === 'secret.missing' || error.code === 'secret.unreadable')) return {};
    throw error;
  }
}
