import { JobFailure } from '@wcr/shared/contracts/jobs';
import { QUEUE_PREFIX, type QueueName } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ErrorCode } from '@wcr/shared/errors/catalogue';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';

/** A worker that hands out one job at a time, so that a test moves each job through its states by hand. */
export type JobStages = AsyncDisposable & {
  /** The next waiting job, now active. */
  take(): Promise<TakenJob>;
};
export type TakenJob = {
  readonly job: Job;
  complete(result: unknown): Promise<void>;
  /** Fails for good, in the form the engine stores. */
  fail(code: ErrorCode, detail?: Record<string, unknown>): Promise<void>;
  /** Fails in a way that leaves further attempts. */
  failOnce(reason: string): Promise<void>;
};

export function stageJobs(queue: QueueName, redisUrl: string): JobStages {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  connection.on('error', () => undefined);
  const worker = new Worker(queue, null, { prefix: QUEUE_PREFIX, connection, lockDuration: 60_000 });
  worker.on('error', () => undefined);
  let tokens = 0;
  return {
    async take() {
      const token = `token-${++tokens}`;
      const job = await worker.getNextJob(token);
      if (!job) throw new Error('no job is waiting');
      const end = (error: Error) => job.moveToFailed(error, token, false).then(() => undefined);
      return {
        job,
        complete: async (result) => void (await job.moveToCompleted(result, token, false)),
        fail: (code, detail = {}) => {
          const { message, hint } = new AppError(code, detail);
          return end(new UnrecoverableError(JSON.stringify(JobFailure.parse({ code, message, hint, step: 'reach-source' }))));
        },
        failOnce: (reason) => end(new Error(reason)),
      };
    },
    async [Symbol.asyncDispose]() {
      await worker.close(true);
      connection.disconnect();
    },
  };
}
