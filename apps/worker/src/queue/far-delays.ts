import {
  CLONE_QUEUE,
  DELAYED_SCORE_FACTOR,
  EXTEND_QUEUE,
  type QueueName,
  RESTORE_QUEUE,
  ROLLBACK_QUEUE,
} from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import type { Queues } from './queues.ts';
import { isForgetJobId } from './rollback-schedule.ts';

/** Queues whose jobs are delayed only until they are tried again. */
const RETRIED: readonly QueueName[] = [CLONE_QUEUE, RESTORE_QUEUE, ROLLBACK_QUEUE, EXTEND_QUEUE];

type Options = { readonly queues: Queues; readonly redis: Redis; readonly longestMs: number; readonly now: () => number };

/**
 * Has jobs tried again at once whose time is further away than any delay: it was reckoned by a clock that was ahead and has been
 * corrected since, and nobody would wait for it.
 * @param options.longestMs longest delay before a job is tried again
 * @returns how many there were
 */
export async function hastenFarDelays({ queues, redis, longestMs, now }: Options): Promise<number> {
  let hastened = 0;
  for (const name of RETRIED) {
    const queue = queues[name];
    const ids = await redis.zrangebyscore(queue.toKey('delayed'), (now() + longestMs) * DELAYED_SCORE_FACTOR, '+inf');
    for (const id of ids.filter((candidate) => !isForgetJobId(candidate))) {
      // Somebody else may have moved it meanwhile.
      const job = await queue.getJob(id);
      await job?.promote().catch(() => undefined);
      hastened += 1;
    }
  }
  return hastened;
}
