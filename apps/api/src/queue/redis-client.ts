import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { type ChainableCommander, Redis, ReplyError } from 'ioredis';
import type { Logger } from 'pino';

/** Longest a command may take before the caller is told that the queue is unavailable. */
const COMMAND_TIMEOUT_MS = 2_000;
/** Replies of a Redis that is up but cannot serve now; any other error reply is a mistake of ours. */
const BUSY_REPLIES = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MISCONF',
  'NOREPLICAS',
  'OOM',
  'BUSY',
  'NOAUTH',
  'WRONGPASS',
]);

/**
 * The one connection of the API. It fails at once when Redis is away, after two seconds when Redis hangs, and
 * connects again by itself. A command that timed out may still be executed later, so writes must be repeatable.
 */
export function connectRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2_000,
    commandTimeout: COMMAND_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(200 * attempt, 2_000),
  });
  redis.on('error', (error) => logger.warn({ reason: error.message }, 'redis connection'));
  redis.on('ready', () => logger.info('redis is connected'));
  return redis;
}

/**
 * Runs something that talks to Redis.
 * @throws AppError `queue.unavailable` when Redis is away, hangs or cannot serve now.
 */
export async function viaRedis<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isAppError(error) || isOurMistake(error)) throw error;
    throw new AppError('queue.unavailable', {}, { cause: error });
  }
}

/** Sends a pipeline; the results in order. @throws the first error among them. */
export async function execPipeline(pipeline: ChainableCommander): Promise<unknown[]> {
  const results = (await pipeline.exec()) ?? [];
  return results.map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}

function isOurMistake(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) return true;
  if (!(error instanceof ReplyError)) return false;
  const [prefix = ''] = (error as Error).message.split(' ', 1);
  return !BUSY_REPLIES.has(prefix);
}
