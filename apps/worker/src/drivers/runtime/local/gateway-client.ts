import { LOCAL_AGENT_PATH, LocalPhpState } from '@wcr/shared/contracts/local-clone';
import { AppError } from '@wcr/shared/errors/app-error';
import { request } from 'undici';
import { askUntil, awaitAgent, limited } from '../await-agent.ts';

export type GatewayClient = {
  agentUrlOf(cloneId: string): string;
  /** Asks until the clone's agent answers. @throws AppError `runtime.gateway_unreachable` or `runtime.failed` after `limitMs`. */
  awaitAgent(cloneId: string, signal: AbortSignal): Promise<void>;
  /**
   * Makes the gateway read the clone's record again and end its PHP when it is gone or expiring.
   * Answers false when no gateway runs at all. @throws AppError `runtime.gateway_unreachable` when it does not confirm.
   */
  confirmStopped(cloneId: string, signal: AbortSignal): Promise<boolean>;
};

/** @param limitMs how long an agent may take to answer for the first time */
export function createGatewayClient(gatewayUrl: string, limitMs: number): GatewayClient {
  const base = gatewayUrl.replace(/\/+$/, '');
  const agentUrlOf = (cloneId: string): string => `${base}/${cloneId}/${LOCAL_AGENT_PATH}`;
  return {
    agentUrlOf,
    awaitAgent: (cloneId, signal) =>
      awaitAgent(agentUrlOf(cloneId), { signal, limitMs }, new AppError('runtime.gateway_unreachable')),
    async confirmStopped(cloneId, signal) {
      let isRunning = true;
      const isConfirmed = await askUntil({ signal, limitMs }, async () => {
        const state = await askState(`${base}/.wcr/clones/${cloneId}`, signal);
        isRunning = state !== undefined;
        return state?.php !== 'running';
      });
      if (!isConfirmed) throw new AppError('runtime.gateway_unreachable');
      return isRunning;
    },
  };
}

/** Undefined when nobody listens there. */
async function askState(url: string, signal: AbortSignal): Promise<LocalPhpState | undefined> {
  try {
    const answer = await request(url, { signal: limited(signal) });
    return LocalPhpState.parse(await answer.body.json());
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return undefined;
    throw new AppError('runtime.gateway_unreachable', {}, { cause: error });
  }
}
