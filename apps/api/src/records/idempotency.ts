import { createHash, createHmac } from 'node:crypto';
import type { Caller } from '../access/api-keys.ts';

/** What a client asks for that may ask again. */
export type Repeatable = { readonly body: unknown; readonly caller: Caller; readonly idempotencyKey?: string | undefined };

/** An Idempotency-Key as it is kept: whose it is, and for which body. */
export type Idempotency = {
  readonly digest: string;
  readonly fingerprint: string;
  /** What the same body was kept as under other secrets keys, around a change of them. */
  readonly otherFingerprints: readonly string[];
};

type Keys = { readonly secretsKey: string; readonly secretsKeysOther: readonly string[] };

/**
 * The fingerprint is keyed: a plain digest of a body with a password in it could be guessed at.
 * @param what a key means nothing to a request for something else
 */
export function idempotencyOf(
  { secretsKey, secretsKeysOther }: Keys,
  what: 'clone' | 'restore',
  { body, caller, idempotencyKey }: Repeatable,
): Idempotency | undefined {
  if (idempotencyKey === undefined) return undefined;
  const digest = createHash('sha256').update(`${what}\n${caller.owner}\n${idempotencyKey}`).digest('hex');
  const text = JSON.stringify(body);
  const under = (key: string): string => createHmac('sha256', key).update(text).digest('hex');
  return { digest, fingerprint: under(secretsKey), otherFingerprints: secretsKeysOther.map(under) };
}
