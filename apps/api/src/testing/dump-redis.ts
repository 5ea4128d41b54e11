import type { Redis } from 'ioredis';

/** Everything in Redis as text: keys, and values of each type; what goes meanwhile has none. */
export async function dumpRedis(redis: Redis): Promise<string> {
  const keys = await redis.keys('*');
  const entries = await Promise.all(keys.map(async (key) => [key, await readValue(redis, key)]));
  return JSON.stringify(entries);
}

async function readValue(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  if (type === 'none') return undefined;
  if (type === 'string') return redis.get(key);
  if (type === 'hash') return redis.hgetall(key);
  if (type === 'list') return redis.lrange(key, 0, -1);
  if (type === 'zset') return redis.zrange(key, '0', '-1');
  if (type === 'stream') return redis.xrange(key, '-', '+');
  throw new Error(`a ${type} is not expected`);
}
