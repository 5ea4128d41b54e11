import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@wcr/shared/errors/app-error';
import { request } from 'undici';

const REQUEST_MS = 20_000;
const FIRST_WAIT_MS = 20;
const MAX_WAIT_MS = 1_000;

type Limits = { readonly signal: AbortSignal; readonly limitMs: number };

/**
 * Asks until the agent at an address answers.
 * @param unreachable what to throw when not even a connection is made
 * @throws AppError `runtime.failed` when something else than the agent answers
 */
export async function awaitAgent(url: string, limits: Limits, unreachable?: AppError): Promise<void> {
  let last: Probe = 'unreachable';
  const isReady = await askUntil(limits, async () => {
    last = await probeAgent(url, limits.signal);
    return last === 'ready';
  });
  if (isReady) return;
  if (last === 'unreachable' && unreachable) throw unreachable;
  throw new AppError('runtime.failed', { reason: `the clone’s agent does not answer (${last})` });
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

/** Asks more and more rarely. @returns false when the time is up */
export async function askUntil(options: Limits, isDone: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + options.limitMs;
  let waitMs = FIRST_WAIT_MS;
  while (!(await isDone())) {
    if (performance.now() > deadline) return false;
    await delay(waitMs, undefined, { signal: options.signal });
    waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
  }
  return true;
}

/** A signal for one request. */
export function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]);
}
