import { timingSafeEqual } from 'node:crypto';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type BootstrapKey, hashApiKey } from '../config/api-config.ts';
import { viaRedis } from '../queue/redis-client.ts';

/** Who calls: an API key without the key. */
export const Caller = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.number().optional(),
});
export type Caller = z.infer<typeof Caller>;

export type ApiKeyStore = {
  /**
   * The caller a key belongs to, or undefined for an unknown key.
   * @throws AppError `queue.unavailable`
   */
  find(key: string): Promise<Caller | undefined>;
  /** The same by the stored form of the key. */
  findByHash(hash: string): Promise<Caller | undefined>;
};

/** How long a key taken from Redis is believed: the longest a revoked key goes on working. */
const CACHE_MS = 10_000;
const CACHE_SIZE = 1_000;

/** Keys from the environment, then those in Redis (a hash from SHA-256 of the key to the caller as JSON). */
export function createApiKeyStore(deps: { bootstrap: readonly BootstrapKey[]; redis: Redis; now: () => number }): ApiKeyStore {
  const { redis, now } = deps;
  const bootstrap = deps.bootstrap.map(({ name, hash, scopes }) => ({
    digest: Buffer.from(hash, 'hex'),
    caller: { id: name, name, scopes: [...scopes] } satisfies Caller,
  }));
  const cache = new Map<string, { caller: Caller; until: number }>();

  function remember(hash: string, caller: Caller): Caller {
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(hash, { caller, until: now() + CACHE_MS });
    return caller;
  }

  async function findByHash(hash: string): Promise<Caller | undefined> {
    const digest = Buffer.from(hash, 'hex');
    // Every entry is compared, so that the time does not tell which one matched.
    const known = bootstrap.filter((entry) => timingSafeEqual(entry.digest, digest));
    if (known[0]) return known[0].caller;
    const cached = cache.get(hash);
    if (cached && cached.until > now()) return cached.caller;
    cache.delete(hash);
    const stored = await viaRedis(() => redis.hget(redisKeys.apiKeys, hash));
    return stored === null ? undefined : remember(hash, Caller.parse(JSON.parse(stored)));
  }

  return { find: (key) => findByHash(hashApiKey(key)), findByHash };
}

/** True when the caller may see and change what `owner` made. */
export function mayAccess(caller: Caller, owner: string | undefined): boolean {
  return caller.scopes.includes('admin') || (owner !== undefined && owner === caller.id);
}
