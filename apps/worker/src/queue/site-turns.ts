import { setTimeout as sleep } from 'node:timers/promises';
import { QUEUE_PREFIX } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { siteDigest } from './secret-store.ts';

/** KEYS turn · ARGV holder, ttlMs. Who holds it already keeps it: the next attempt of a job need not wait for the last one. */
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;
const LEAVE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

export const DEFAULT_TIMES = { ttlMs: 15_000, pollMs: 500 };

export type TurnRequest = {
  readonly siteUrl: string;
  /** Who takes the turn; the same over all attempts of a job. */
  readonly holder: string;
  readonly signal: AbortSignal;
  /** Called once when somebody else has the turn. */
  onWait(): void;
};

/**
 * One job at a time in a site's wp-admin, over all workers. WordPress keeps a user's sessions in one value that two
 * logins at the same moment take from each other, and two uploads of one plugin are in each other's way.
 */
export type SiteTurns = { take<T>(request: TurnRequest, work: () => Promise<T>): Promise<T> };

/**
 * @param times how long a turn outlives its worker, and how often those who wait look
 * @param purpose turns for different purposes are not in each other's way
 */
export function createSiteTurns(
  redis: Redis,
  times: { ttlMs: number; pollMs: number } = DEFAULT_TIMES,
  purpose: 'site-turn' | 'restore-turn' = 'site-turn',
): SiteTurns {
  return {
    async take({ siteUrl, holder, signal, onWait }, work) {
      const key = `${QUEUE_PREFIX}:${purpose}:${siteDigest(siteUrl)}`;
      const hold = async () => (await redis.eval(TAKE, 1, key, holder, times.ttlMs)) === 1;
      for (let waited = false; !(await hold()); waited = true) {
        if (!waited) onWait();
        await sleep(times.pollMs, undefined, { signal });
      }
      // A renewal that fails is made up for by the next; if none succeeds, waiting has lost its purpose with Redis.
      const renewal = setInterval(() => void hold().catch(() => undefined), times.ttlMs / 3);
      try {
        return await work();
      } finally {
        clearInterval(renewal);
        // A turn that cannot be given back ends by itself.
        await redis.eval(LEAVE, 1, key, holder).catch(() => undefined);
      }
    },
  };
}
