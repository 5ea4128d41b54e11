import type { ExtendInput } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';

const TTL_MS = 7 * 86_400_000;

/** KEYS order · ARGV requestedAt, expiresAt, ttlMs. Equal times go to the one that comes last. */
const CLAIM = `
local at = redis.call('HGET', KEYS[1], 'requested-at')
if not at or tonumber(at) <= tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'requested-at', ARGV[1], 'expires-at', ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])`;

/** Remembers of each clone the latest request for another expiry. */
export type ExpiryOrder = {
  claim(cloneId: string, request: Pick<ExtendInput, 'requestedAt' | 'expiresAt'>): Promise<void>;
  /** The expiry of the latest request; undefined when none is remembered. */
  winner(cloneId: string): Promise<number | undefined>;
};

export function createExpiryOrder(redis: Redis): ExpiryOrder {
  const key = redisKeys.expiryOrder;
  return {
    async claim(cloneId, { requestedAt, expiresAt }) {
      await redis.eval(CLAIM, 1, key(cloneId), requestedAt, expiresAt, TTL_MS);
    },
    async winner(cloneId) {
      const text = await redis.hget(key(cloneId), 'expires-at');
      return text === null ? undefined : Number(text);
    },
  };
}
