import type { StoredKey } from '@wcr/shared/contracts/access';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { hashApiKey } from '../config/api-config.ts';

export const READER = 'reader-key-0123456789';
export const WRITER = 'writer-key-0123456789';

/** Keys of operators: one that looks at the queues, one that may also act. */
export async function addOperatorKeys(redis: Redis): Promise<void> {
  for (const [key, name, scope] of [
    [READER, 'reader', 'queues:read'],
    [WRITER, 'writer', 'queues:write'],
  ] as const) {
    const stored: StoredKey = { id: name, name, owner: name, scopes: [scope], limits: {}, createdAt: Date.now() };
    await redis.hset(redisKeys.apiKeys, hashApiKey(key), JSON.stringify(stored));
  }
}
