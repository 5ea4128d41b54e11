import { timingSafeEqual } from 'node:crypto';
import { type Scope, StoredKey } from '@wcr/shared/contracts/access';
import type { BootstrapKey } from '../config/api-config.ts';

/** Who calls: what is known of an API key, without the key. */
export type Caller = StoredKey & {
  /** SHA-256 of the key in hex, as stored; undefined for a key from the environment, which cannot be revoked. */
  readonly digest?: string | undefined;
};

/** True when the caller may see and change what `owner` made. */
export function mayAccess(caller: Caller, owner: string | undefined): boolean {
  return caller.scopes.includes('admin') || (owner !== undefined && owner === caller.owner);
}

/** True when the caller's key was made for calls of this kind: who may change the queues may look at them, `admin` may all. */
export function hasScope({ scopes }: Pick<Caller, 'scopes'>, scope: Scope): boolean {
  const isIncluded = scope === 'queues:read' && scopes.includes('queues:write');
  return isIncluded || scopes.includes('admin') || scopes.includes(scope);
}

/** Finds a key of the environment by the SHA-256 of the key in hex. Such a key is its own owner, by its name. */
export function findBootstrapKey(keys: readonly BootstrapKey[], digest: string): StoredKey | undefined {
  const wanted = Buffer.from(digest, 'hex');
  // Every entry is compared, so that the time does not tell which one matched.
  const known = keys.filter((key) => timingSafeEqual(Buffer.from(key.hash, 'hex'), wanted));
  return known[0] && describeBootstrapKey(known[0]);
}

/** A key of the environment in the form of a stored one. */
export function describeBootstrapKey({ name, scopes }: BootstrapKey): StoredKey {
  return { id: name, name, owner: name, scopes: [...scopes], limits: {}, createdAt: 0 };
}

/** A stored key from its text. @throws ZodError for a text that is none */
export function parseStoredKey(text: string): StoredKey {
  return StoredKey.parse(JSON.parse(text));
}
