import { AppError } from '@wcr/shared/errors/app-error';
import { request } from 'undici';
import { readWhole } from '../../../agent/base-store.ts';
import { askUntil, awaitAgent, limited } from '../../await-agent.ts';
import { type AgentAccess, openAgentFiles } from '../agent-files.ts';
import { IDENTITY, type Identity, renderIdentity } from './identity.ts';

type Limits = { readonly signal: AbortSignal; readonly limitMs: number };

/**
 * Tells a warm target whose clone it is. Nothing is written when it knows that already: its agent may be at work.
 * @throws AppError `runtime.failed` when its agent does not answer
 */
export async function tellIdentity(agent: AgentAccess, identity: Identity, limits: Limits): Promise<void> {
  const text = Buffer.from(renderIdentity(identity));
  // The way to it is new; that it is made known takes a moment.
  await awaitAgent(agent.url, limits);
  const store = openAgentFiles(agent, limits);
  const known = await readWhole(store, IDENTITY);
  if (known === undefined || !known.equals(text)) await store.write({ name: IDENTITY, offset: 0, data: text });
}

/**
 * Waits until a warm target that was told whose clone it is serves that clone.
 * @throws AppError `runtime.failed` when it does not
 */
export async function awaitServed(agentUrl: string, cloneId: string, limits: Limits): Promise<void> {
  const url = agentUrl.replace(/agent$/, 'ready');
  const isServed = await askUntil(limits, async () => (await readServed(url, limits.signal)) === cloneId);
  if (!isServed) throw new AppError('runtime.failed', { reason: 'the warm target does not become the clone' });
}

async function readServed(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const answer = await request(url, { signal: limited(signal) });
    await answer.body.dump();
    return answer.headers['x-wcr-clone'];
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
