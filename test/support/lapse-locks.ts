import { QUEUE_PREFIX, QUEUES } from '@wcr/shared/contracts/queues';
import { Redis } from 'ioredis';

/**
 * As though all locks had run out while nobody looked: the next worker takes over at once what the last one had. To be called while no
 * worker runs. What it relies on is BullMQ's rule for stalled jobs: active at the last look, and without a lock at this one.
 */
export async function lapseLocks(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    for (const name of QUEUES) {
      const keyOf = (what: string): string => `${QUEUE_PREFIX}:${name}:${what}`;
      const jobIds = await redis.lrange(keyOf('active'), 0, -1);
      if (jobIds.length === 0) continue;
      const locks = jobIds.map((jobId) => keyOf(`${jobId}:lock`));
      await redis
        .multi()
        .del(...locks, keyOf('stalled-check'))
        .sadd(keyOf('stalled'), ...jobIds)
        .exec();
    }
  } finally {
    redis.disconnect();
  }
}
