import { redisKeys } from '@wcr/shared/contracts/queues';
import { callbackContext, webhookSecretsContext } from '@wcr/shared/contracts/webhooks';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';

export type Resealed = { readonly resealed: number /** No key that we have opens them. */; readonly unreadable: number };

/** What is sealed in Redis, by how its keys begin, and the context it is sealed for, by how they end. */
const SEALED: readonly { readonly keyOf: (end: string) => string; readonly contextOf: (end: string) => string }[] = [
  { keyOf: redisKeys.secret, contextOf: (reference) => reference },
  { keyOf: redisKeys.pairing, contextOf: (digest) => `pairing:${digest}` },
  { keyOf: redisKeys.callback, contextOf: callbackContext },
  { keyOf: redisKeys.webhookSecrets, contextOf: webhookSecretsContext },
  { keyOf: redisKeys.credentials, contextOf: (cloneId) => `credentials:${cloneId}` },
];
const PAGE = 500;

/** KEYS entry · ARGV expected, next. Whoever wrote it meanwhile has sealed it anew already. */
const REPLACE_IF_SAME = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`;

/**
 * Seals everything in Redis that is under another key again under the present one; lives and contents stay as they are. It
 * reads every key of Redis, so it is for the time of a change of keys only.
 */
export async function resealRedis({ redis, sealer }: { redis: Redis; sealer: Sealer }, signal: AbortSignal): Promise<Resealed> {
  const counts = { resealed: 0, unreadable: 0 };
  for (const { keyOf, contextOf } of SEALED) {
    const begin = keyOf('');
    for await (const keys of scan(redis, `${begin}*`)) {
      signal.throwIfAborted();
      for (const key of keys) {
        const outcome = await resealEntry({ redis, sealer }, key, contextOf(key.slice(begin.length)));
        if (outcome !== undefined) counts[outcome] += 1;
      }
    }
  }
  return counts;
}

async function resealEntry(
  { redis, sealer }: { redis: Redis; sealer: Sealer },
  key: string,
  context: string,
): Promise<keyof Resealed | undefined> {
  const sealed = await redis.get(key);
  if (sealed === null || !sealer.isOutdated(sealed)) return undefined;
  const next = resealed(sealer, sealed, context);
  if (next === undefined) return 'unreadable';
  await redis.eval(REPLACE_IF_SAME, 1, key, sealed, next);
  return 'resealed';
}

/** The same under the present key; undefined when no key opens it. */
function resealed(sealer: Sealer, sealed: string, context: string): string | undefined {
  try {
    return sealer.seal(sealer.open(sealed, context), context);
  } catch {
    return undefined;
  }
}

async function* scan(redis: Redis, pattern: string): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', PAGE);
    yield keys;
    cursor = next;
  } while (cursor !== '0');
}
