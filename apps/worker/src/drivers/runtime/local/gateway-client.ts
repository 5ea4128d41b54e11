import { setTimeout as delay } from 'node:timers/promises';
import { LOCAL_AGENT_PATH, LocalPhpState } from '@wcr/shared/contracts/local-clone';
import { AppError } from '@wcr/shared/errors/app-error';
import { request } from 'undici';

const REQUEST_MS = 20_000;
const FIRST_WAIT_MS = 20;
const MAX_WAIT_MS = 1_000;

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
    async awaitAgent(cloneId, signal) {
      let last: Probe = 'unreachable';
      const isReady = await askUntil({ signal, limitMs }, async () => {
        last = await probeAgent(agentUrlOf(cloneId), signal);
        return last === 'ready';
      });
      if (isReady) return;
      if (last === 'unreachable') throw new AppError('runtime.gateway_unreachable');
      throw new AppError('runtime.failed', { reason: `the clone’s agent does not answer (${last})` });
    },
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

type Probe = 'ready' | 'unreachable' | `status ${number}`;

/** An unsigned call: the agent refuses it, and its refusal carries the protocol's header. */
async function probeAgent(url: string, signal: AbortSignal): Promise<Probe> {
  try {
    const answer = await request(url, { method: 'POST', signal: limited(signal) });
    await answer.body.dump();
    return answer.headers['x-wcr-protocol'] !== undefined ? 'ready' : `status ${answer.statusCode}`;
  } catch {
    signal.throwIfAborted();
    return 'unreachable';
  }
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

async function askUntil(options: { signal: AbortSignal; limitMs: number }, isDone: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + options.limitMs;
  let waitMs = FIRST_WAIT_MS;
  while (!(await isDone())) {
    if (performance.now() > deadline) return false;
    await delay(waitMs, undefined, { signal: options.signal });
    waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
  }
  return true;
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]);
}
