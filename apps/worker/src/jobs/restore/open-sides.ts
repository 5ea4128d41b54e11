import { createHash } from 'node:crypto';
import type { RestoreInput } from '@wcr/shared/contracts/restore';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { targetTwinOf } from '@wcr/shared/errors/site-access-errors';
import type { AgentAddress } from '../../drivers/agent/agent.types.ts';
import { type BaseStore, createBaseStore } from '../../drivers/agent/base-store.ts';
import { isLoopback } from '../../drivers/agent/is-loopback.ts';
import { patienceFor } from '../../drivers/agent/patience.ts';
import { SourceAgent } from '../../drivers/agent/source-agent.ts';
import { TargetAgent } from '../../drivers/agent/target-agent.ts';
import type { StepContext } from '../../engine/engine.types.ts';
import { type ReachedSite, reachSite } from '../reach-site.ts';
import type { RestoreDeps, RestoreSides } from './restore.types.ts';

/** Where both agents are; no secret is in it. */
export type Reached = { source: ReachedSite | null; target: ReachedSite };

/** The agent's name for what this restore writes: the same over all attempts. */
export function sessionOf(restoreId: string): string {
  return createHash('sha256').update(restoreId).digest('hex').slice(0, 12);
}

/** Makes sure that the target's agent answers; installs and activates the plugin where it is gone. Errors speak of the target. */
export async function reachTarget(deps: RestoreDeps, input: RestoreInput, step: StepContext): Promise<ReachedSite> {
  const { target, owner, restoreId } = input;
  try {
    return await reachSite(deps, { ...target, owner, holder: restoreId }, step);
  } catch (error) {
    const twin = isAppError(error) ? targetTwinOf(error.code) : undefined;
    throw twin && isAppError(error) ? new AppError(twin, error.detail, { cause: error }) : error;
  }
}

/** The site the changes come from, where it is no clone of ours. */
export async function reachOther(deps: RestoreDeps, input: RestoreInput, step: StepContext): Promise<ReachedSite | null> {
  if ('cloneId' in input.from) {
    await handleOf(deps, input.from.cloneId);
    return null;
  }
  return reachSite(deps, { ...input.from.source, owner: input.owner, holder: input.restoreId }, step);
}

export async function openSides(
  deps: RestoreDeps,
  input: RestoreInput,
  reached: Reached,
  step: StepContext,
): Promise<RestoreSides> {
  const from = await openFrom(deps, input, reached, step);
  return { ...from, ...(await openTarget(deps, input, reached.target, step)), session: sessionOf(input.restoreId) };
}

/** The target alone. */
export async function openTarget(
  deps: RestoreDeps,
  { target, restoreId }: Pick<RestoreInput, 'target' | 'restoreId'>,
  reached: ReachedSite,
  step: Pick<StepContext, 'signal' | 'log'>,
): Promise<Pick<RestoreSides, 'target' | 'writer'>> {
  const client = deps.connectAgent(await addressOf(deps, target.secretRef, reached));
  const on = { patience: patienceFor(deps, 'target.died', step), signal: step.signal };
  return {
    target: new SourceAgent(client, { ...on, compress: !isLoopback(reached.agentUrl) }),
    writer: new TargetAgent(client, { ...on, session: sessionOf(restoreId) }),
  };
}

/** What a clone remembers; undefined when it is gone. */
export async function openBase(
  deps: RestoreDeps,
  cloneId: string,
  step: Pick<StepContext, 'signal' | 'log'>,
): Promise<BaseStore | undefined> {
  const handle = await deps.runtime.open(cloneId);
  if (handle === undefined) return undefined;
  const client = deps.connectAgent({ url: handle.agentUrl, transport: 'standalone', pairingKey: handle.pairingKey });
  return createBaseStore(client, { patience: patienceFor(deps, 'runtime.failed', step), signal: step.signal });
}

async function openFrom(
  deps: RestoreDeps,
  input: RestoreInput,
  reached: Reached,
  step: StepContext,
): Promise<Pick<RestoreSides, 'clone' | 'base'>> {
  if ('cloneId' in input.from) {
    const handle = await handleOf(deps, input.from.cloneId);
    const client = deps.connectAgent({ url: handle.agentUrl, transport: 'standalone', pairingKey: handle.pairingKey });
    const on = { patience: patienceFor(deps, 'runtime.failed', step), signal: step.signal };
    return { clone: new SourceAgent(client, { ...on, compress: false }), base: createBaseStore(client, on) };
  }
  if (reached.source === null) throw new AppError('job.definition_invalid', { reason: 'the source was not reached' });
  const client = deps.connectAgent(await addressOf(deps, input.from.source.secretRef, reached.source));
  const on = { patience: patienceFor(deps, 'source.died', step), signal: step.signal };
  return { clone: new SourceAgent(client, { ...on, compress: !isLoopback(reached.source.agentUrl) }), base: undefined };
}

async function addressOf(deps: RestoreDeps, secretRef: string, { agentUrl, transport }: ReachedSite): Promise<AgentAddress> {
  const { pairingKey, httpAuth } = await deps.secrets.open(secretRef);
  if (pairingKey === undefined) throw new AppError('secret.missing');
  return { url: agentUrl, transport, pairingKey, httpAuth };
}

export async function handleOf(deps: Pick<RestoreDeps, 'runtime'>, cloneId: string) {
  const handle = await deps.runtime.open(cloneId);
  if (handle === undefined) throw new AppError('clone.not_found', { cloneId });
  return handle;
}
