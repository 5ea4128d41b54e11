import { createHash } from 'node:crypto';
import { type Redis, ReplyError } from 'ioredis';

/** A Lua script by text and digest. */
export type RedisScript = { readonly lua: string; readonly sha: string };

export function defineScript(lua: string): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs a script by its digest, and sends its text only to a Redis that has not seen it yet. */
export async function runScript(
  redis: Redis,
  script: RedisScript,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    const isUnseen = error instanceof ReplyError && (error as Error).message.startsWith('NOSCRIPT ');
    if (!isUnseen) throw error;
    return redis.eval(script.lua, keys.length, ...keys, ...args);
  }
}
