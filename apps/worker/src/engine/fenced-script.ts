import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * Every write of the engine. BullMQ's own `updateData` and `updateProgress` don't look at the lock, so that a worker
 * that lost its job could overwrite the work of the next one; here lock and write are one step.
 *
 * KEYS lock, checkpoints, job, logs, events, cancel · ARGV token, ttlMs, operation, …
 * Answers {owned, value}.
 */
const SOURCE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {0, ''} end
local operation, value = ARGV[3], ''
if operation == 'put' then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
  if ARGV[6] then redis.call('HDEL', KEYS[2], ARGV[6]) end
elseif operation == 'count' then
  value = redis.call('HINCRBY', KEYS[2], ARGV[4], ARGV[5])
elseif operation == 'clear' then
  redis.call('DEL', KEYS[2])
elseif operation == 'progress' then
  redis.call('HSET', KEYS[3], 'progress', ARGV[4])
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[6], '*', 'event', 'progress', 'jobId', ARGV[5], 'data', ARGV[4])
elseif operation == 'log' then
  for index = 5, #ARGV do redis.call('RPUSH', KEYS[4], ARGV[index]) end
  redis.call('LTRIM', KEYS[4], -tonumber(ARGV[4]), -1)
elseif operation == 'beat' then
  local ran = redis.call('HINCRBY', KEYS[2], 'ran-ms', ARGV[4])
  local cancelled = redis.call('EXISTS', KEYS[6])
  if ARGV[5] and redis.call('HEXISTS', KEYS[2], ARGV[5]) == 1 then cancelled = 0 end
  value = cancelled .. ':' .. ran
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {1, value}`;

const DIGEST = createHash('sha1').update(SOURCE).digest('hex');

/** @returns undefined when the lock is no longer ours, otherwise what the operation answers */
export async function runFenced(
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<string | undefined> {
  const [owned, value] = (await evaluate(redis, keys, args)) as [number, string | number];
  return owned === 1 ? String(value) : undefined;
}

async function evaluate(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
  try {
    return await redis.evalsha(DIGEST, keys.length, ...keys, ...args);
  } catch (error) {
    // Redis forgets scripts when it restarts.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(SOURCE, keys.length, ...keys, ...args);
  }
}
