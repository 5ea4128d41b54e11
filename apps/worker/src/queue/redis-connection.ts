import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** Waits longer than any blocking command of BullMQ (10 s), so that only a dead connection is cut. */
const SOCKET_TIMEOUT_MS = 30_000;

/**
 * Connection options of a worker. No `commandTimeout`: it would end BullMQ's blocking commands. Commands wait while
 * Redis is away, since a job that goes on later is better than one that fails.
 */
export function workerRedisOptions(url: string) {
  return {
    url,
    maxRetriesPerRequest: null,
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: (attempt: number) => Math.min(200 * attempt, 5_000),
  };
}

/** A connection for what doesn't block. */
export function connectRedis(url: string, logger: Logger): Redis {
  const { url: _, ...options } = workerRedisOptions(url);
  const redis = new Redis(url, { ...options, keepAlive: 10_000 });
  redis.on('error', (error) => logger.warn({ err: error }, 'redis connection'));
  return redis;
}
