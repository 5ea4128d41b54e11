import { createHash, createHmac } from 'node:crypto';
import type { Caller } from '../access/api-keys.ts';

/** What a client asks for that may ask again. */
export type Repeatable = { readonly body: unknown; readonly caller: Caller; readonly idempotencyKey?: string | undefined };

/** An Idempotency-Key as it is kept: whose it is, and for which body. */
export type Idempotency = { readonly digest: string; readonly fingerprint: string };

/**
 * The fingerprint is keyed: a plain digest of a body with a password in it could be guessed at.
 * @param what a key means nothing to a request for something else
 */
export function idempotencyOf(
  secretsKey: string,
  what: 'clone' | 'restore',
  { body, caller, idempotencyKey }: Repeatable,
): Idempotency | undefined {
  if (idempotencyKey === undefined) return undefined;
  const digest = createHash('sha256').update(`${what}\n${caller.owner}\n${idempotencyKey}`).digest('hex');
  const fingerprint = createHmac('sha256', secretsKey).update(JSON.stringify(body)).digest('hex');
  return { digest, fingerprint };
}
