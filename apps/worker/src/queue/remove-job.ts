import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { forgetCheckpoints } from '../engine/checkpoint-store.ts';

/**
 * Removes a job that nobody runs, with what the engine keeps of it: one that came too early and was put off has begun before.
 * @throws Error BullMQ's own, when a worker has it; then nothing is removed
 */
export async function removeJob(redis: Redis, job: Job): Promise<void> {
  await job.remove();
  if (job.id !== undefined) await forgetCheckpoints(redis, job.queueName, job.id);
}
