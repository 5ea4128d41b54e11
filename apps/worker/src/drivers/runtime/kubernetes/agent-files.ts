import { AppError } from '@wcr/shared/errors/app-error';
import { createAgentClient } from '../../agent/agent-client.ts';
import { type BaseStore, createBaseStore } from '../../agent/base-store.ts';
import { Patience } from '../../agent/patience.ts';

export type AgentAccess = { readonly url: string; readonly pairingKey: string };

/** The files beside a clone that its image reads, through its agent. Calls throw AppError when that does not answer in time. */
export function openAgentFiles({ url, pairingKey }: AgentAccess, { signal, limitMs }: AgentLimits): BaseStore {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const client = createAgentClient({ url, transport: 'standalone', pairingKey });
  return createBaseStore(client, { signal: limited, patience: () => patienceOf(limitMs, limited) });
}
type AgentLimits = { readonly signal: AbortSignal; readonly limitMs: number };

function patienceOf(totalMs: number, signal: AbortSignal): Patience {
  const exhausted = (reason: string, cause: unknown) =>
    new AppError('runtime.failed', { reason: `its agent: ${reason}` }, { cause });
  return new Patience({ totalMs, signal, exhausted, log: () => undefined });
}
