import { QUEUE_PREFIX, QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import { type DefaultJobOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

export type Queues = Readonly<Record<QueueName, Queue>>;

const DAY_SECONDS = 24 * 3600;

const defaultJobOptions: DefaultJobOptions = {
  attempts: 4,
  backoff: { type: 'exponential', delay: 5_000, jitter: 0.5 },
  removeOnComplete: { age: DAY_SECONDS, count: 10_000, limit: 200 },
  removeOnFail: { age: 30 * DAY_SECONDS, count: 10_000, limit: 200 },
  keepLogs: 1_000,
  stackTraceLimit: 20,
  sizeLimit: 65_536,
};

/**
 * Producers for every queue over one connection. Waiting for readiness and the version check are skipped together:
 * with only one of the two, a queue that was made while Redis was away would never recover.
 */
export function createQueues(redis: Redis, logger: Logger): Queues {
  const entries = QUEUES.map((name) => {
    const queue = new Queue(name, {
      prefix: QUEUE_PREFIX,
      connection: redis,
      skipWaitingForReady: true,
      skipVersionCheck: true,
      streams: { events: { maxLen: 2_000 } },
      defaultJobOptions,
    });
    queue.on('error', (error) => logger.debug({ queue: name, reason: error.message }, 'queue connection'));
    return [name, queue];
  });
  return Object.fromEntries(entries);
}
