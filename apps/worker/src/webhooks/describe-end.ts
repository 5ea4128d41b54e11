import { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { type QueueName, redisKeys } from '@wcr/shared/contracts/queues';
import { RestoreRecord } from '@wcr/shared/contracts/restore';
import type { WebhookEvent } from '@wcr/shared/contracts/webhooks';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { parseFailure } from '../queue/clone-jobs.ts';

export type EndedJob = Pick<Job, 'id' | 'data' | 'timestamp' | 'finishedOn' | 'failedReason' | 'deferredFailure'>;

/** What is told of a job that has ended, and whom its clone or restore belongs to; undefined when that is gone. */
export async function describeEnd(
  redis: Redis,
  queue: QueueName,
  job: EndedJob,
  ref: string,
): Promise<{ owner: string; event: WebhookEvent } | undefined> {
  const isRestore = queue === 'restore' || queue === 'rollback';
  const clone = isRestore ? undefined : await readRecord(redis, CloneRecord, redisKeys.clone(ref));
  const restore = isRestore ? await readRecord(redis, RestoreRecord, redisKeys.restore(ref)) : undefined;
  const owner = clone?.owner ?? restore?.owner;
  if (owner === undefined) return undefined;
  const told = describeJob(queue, job);
  const type = told.status === 'completed' ? 'job.completed' : 'job.failed';
  const data = { job: told, clone: clone && describeClone(clone), restore: restore && describeRestore(restore) };
  return { owner, event: { type, timestamp: told.finishedAt, data } };
}

function describeJob(queue: QueueName, job: EndedJob): WebhookEvent['data']['job'] {
  const { id = '', timestamp, finishedOn = timestamp } = job;
  const times = { createdAt: isoOf(timestamp), finishedAt: isoOf(finishedOn) };
  const error = failureOf(job);
  if (error === undefined) return { id, queue, status: 'completed', ...times };
  return { id, queue, status: error.code === 'job.cancelled' ? 'cancelled' : 'failed', ...times, error };
}

function failureOf({ failedReason, deferredFailure }: EndedJob) {
  if (!failedReason && deferredFailure === undefined) return undefined;
  const known = parseFailure(failedReason);
  if (known !== undefined) return known;
  const { code, message, hint } = new AppError(deferredFailure === undefined ? 'internal.unexpected' : 'job.stalled');
  return { code, message, hint };
}

function describeClone({ id, name, url, status, expiresAt }: CloneRecord): WebhookEvent['data']['clone'] {
  return { id, name, url, status, expiresAt: isoOf(expiresAt) };
}

function describeRestore({ id, status, cloneId, targetUrl }: RestoreRecord): WebhookEvent['data']['restore'] {
  return { id, status, cloneId, target: { url: targetUrl } };
}

async function readRecord<T>(redis: Redis, schema: z.ZodType<T>, key: string): Promise<T | undefined> {
  const text = await redis.get(key);
  return text === null ? undefined : schema.safeParse(JSON.parse(text)).data;
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
