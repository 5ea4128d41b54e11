import { QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

const DAY_SECONDS = 24 * 3600;

export type Queues = Readonly<Record<QueueName, Queue>>;

/** For jobs that workers enqueue. Removing a clone is tried long and patiently; the sweeper asks again after that. */
export const JOB_OPTIONS: JobsOptions = {
  attempts: 8,
  backoff: { type: 'capped' },
  removeOnComplete: { age: DAY_SECONDS, count: 10_000, limit: 200 },
  removeOnFail: { age: 30 * DAY_SECONDS, count: 10_000, limit: 200 },
  keepLogs: 1_000,
  stackTraceLimit: 5,
  sizeLimit: 65_536,
};

/** Every queue as a producer, over one shared connection. */
export function createQueues(options: { redis: Redis; prefix: string; logger: Logger }): Queues {
  const { redis, prefix, logger } = options;
  const entries = QUEUES.map((name): [QueueName, Queue] => {
    const queue = new Queue(name, { prefix, connection: redis, streams: { events: { maxLen: 2_000 } } });
    queue.on('error', (error) => logger.warn({ err: error, queue: name }, 'queue connection'));
    return [name, queue];
  });
  return Object.fromEntries(entries) as Queues;
}
