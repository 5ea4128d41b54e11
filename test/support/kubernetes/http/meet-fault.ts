import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, TakenFault } from '../faults.ts';
import { StatusError } from './status-error.ts';

const REASONS: Readonly<Record<number, string>> = {
  ...{ 400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict', 410: 'Expired' },
  ...{ 422: 'Invalid', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout' },
};

/**
 * Lets a fault happen, if it is to happen now. Says whether the request goes on.
 *
 * @throws StatusError the answer a test has ordered
 */
export async function meetFault(
  taken: TakenFault | undefined,
  now: 'before' | 'after',
  response: ServerResponse,
): Promise<boolean> {
  if (taken === undefined) return true;
  const { fault, released } = taken;
  if (fault.type === 'status' && now === 'before') throw statusOf(fault);
  if (fault.type === 'slow' && now === 'before') await delay(fault.delayMs);
  if (!('when' in fault) || fault.when !== now) return true;
  if (fault.type === 'hang') {
    const left = new Promise<void>((resolve) => response.once('close', resolve));
    await Promise.race([released, left]);
    // A request whose client has left while it hung is carried out all the same, as on a real server.
    return true;
  }
  response.socket?.destroy();
  return false;
}

function statusOf({ code, reason, message, retryAfterSeconds }: Extract<Fault, { type: 'status' }>): StatusError {
  const known = reason ?? REASONS[code] ?? 'Unknown';
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
  return new StatusError(code, known, message ?? `ordered by the test: ${known}`, details);
}
