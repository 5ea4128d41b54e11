import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { viaRedis } from '../queue/redis-client.ts';
import { defineScript, runScript } from '../queue/run-script.ts';

/** As long as workers remember which request won. */
const TTL_MS = 7 * 86_400_000;

/** KEYS order · ARGV now, ttlMs. */
const NEXT = defineScript(`local last = tonumber(redis.call('HGET', KEYS[1], 'asked-at') or '0')
local at = math.max(tonumber(ARGV[1]), last + 1)
redis.call('HSET', KEYS[1], 'asked-at', string.format('%d', at))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return at`);

/**
 * When a change of a clone's expiry was asked for, in milliseconds since the epoch, and after every earlier one: the clocks of two
 * replicas differ, and one that was ahead and has been corrected must not have its requests win for as long as it was ahead.
 * @throws AppError `queue.unavailable`
 */
export async function orderRequest(redis: Redis, cloneId: string, nowMs: number): Promise<number> {
  return Number(await viaRedis(() => runScript(redis, NEXT, [redisKeys.expiryOrder(cloneId)], [String(nowMs), String(TTL_MS)])));
}
