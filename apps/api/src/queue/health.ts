import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';

export type Health = {
  /** @throws AppError `queue.unavailable` while requests would fail, or while the process is stopping */
  assertReady(): Promise<void>;
  /** True once Redis was reached for the first time. */
  hasStarted(): boolean;
  /** From now on the process is not ready, so that no new requests are sent to it. */
  startStopping(): void;
};

const PING_TIMEOUT_MS = 500;
const POLICY_BELIEVED_MS = 30_000;
const POLICY = /^maxmemory_policy:(\S+)/m;

/** Readiness: Redis answers quickly, and never evicts what it was told to keep. */
export function createHealth({ redis, now }: { redis: Redis; now: () => number }): Health {
  let stopping = false;
  let started = false;
  let policyCheckedAt = Number.NEGATIVE_INFINITY;
  redis.once('ready', () => {
    started = true;
  });

  async function assertPolicy(): Promise<void> {
    if (now() - policyCheckedAt < POLICY_BELIEVED_MS) return;
    const policy = POLICY.exec(await redis.info('memory'))?.[1];
    if (policy !== undefined && policy !== 'noeviction') {
      throw new Error(`Redis must run with maxmemory-policy noeviction, not ${policy}`);
    }
    policyCheckedAt = now();
  }

  return {
    hasStarted: () => started,
    startStopping() {
      stopping = true;
    },
    async assertReady() {
      if (stopping) throw new AppError('queue.unavailable', {}, { cause: new Error('the process is stopping') });
      if (redis.status !== 'ready') throw new AppError('queue.unavailable', {}, { cause: new Error(`redis is ${redis.status}`) });
      const gaveUp = new AbortController();
      try {
        await Promise.race([
          redis.ping().then(assertPolicy),
          delay(PING_TIMEOUT_MS, undefined, { signal: gaveUp.signal }).then(() => {
            throw new Error('redis did not answer in time');
          }),
        ]);
      } catch (cause) {
        throw new AppError('queue.unavailable', {}, { cause });
      } finally {
        gaveUp.abort();
      }
    },
  };
}
