import { randomUUID } from 'node:crypto';
import { type QueueName, queueOfJobId, redisKeys, WEBHOOK_QUEUE } from '@wcr/shared/contracts/queues';
import { callbackRefOf, deliveryIdOf, type WebhookInput } from '@wcr/shared/contracts/webhooks';
import { enqueue } from '@wcr/shared/telemetry/enqueue';
import type { Job, JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Queues } from '../queue/queues.ts';
import type { Callbacks } from './callbacks.ts';
import type { DeliveryLog } from './delivery-log.ts';
import { describeEnd } from './describe-end.ts';

/**
 * Which jobs somebody waits to hear of. A job is noted before an attempt at it begins, and crossed out when its end was put
 * into the queue of deliveries: whoever dies in between leaves a note, and the sweeper goes on from there.
 */
export type WebhookOutbox = {
  /** To be called before each attempt at a job. */
  begin(job: Job): Promise<void>;
  /** To be called when a job has ended. One delivery a job's end, however often and by whomever it is called. */
  announce(job: Job): Promise<void>;
  /** Announces what has ended and was not announced. @returns how many there were */
  settle(): Promise<number>;
};

type Options = {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly callbacks: Pick<Callbacks, 'has'>;
  readonly log: DeliveryLog;
  readonly jobOptions: JobsOptions;
  readonly now: () => number;
};

/** About six hours, with the backoff of `patient` jobs. */
const DELIVERY_ATTEMPTS = 12;

/** KEYS outbox · ARGV job, note. An attempt that began meanwhile has left another note. */
const CROSS_OUT = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`;

export function createWebhookOutbox(options: Options): WebhookOutbox {
  const { redis, callbacks } = options;
  return {
    async begin(job) {
      const ref = refOf(job);
      if (ref === undefined || job.id === undefined || !(await callbacks.has(ref))) return;
      await redis.hset(redisKeys.webhookOutbox, job.id, randomUUID());
    },
    async announce(job) {
      const ref = refOf(job);
      if (ref === undefined || job.id === undefined || !(await callbacks.has(ref))) return;
      const note = await redis.hget(redisKeys.webhookOutbox, job.id);
      await enqueueDelivery(options, job);
      if (note !== null) await crossOut(redis, job.id, note);
    },
    async settle() {
      const notes = Object.entries(await redis.hgetall(redisKeys.webhookOutbox));
      let settled = 0;
      for (const [jobId, note] of notes) settled += (await settleNote(options, jobId, note)) ? 1 : 0;
      return settled;
    },
  };
}

/** True when a job had ended and is told of now. One that is gone cannot be told of any more. */
async function settleNote(options: Options, jobId: string, note: string): Promise<boolean> {
  const queue = queueOfJobId(jobId);
  const job: Job | undefined = queue === undefined ? undefined : await options.queues[queue].getJob(jobId);
  if (job !== undefined && job.finishedOn === undefined) return false;
  if (job !== undefined) await enqueueDelivery(options, job);
  await crossOut(options.redis, jobId, note);
  return job !== undefined;
}

async function enqueueDelivery({ redis, queues, log, jobOptions, now }: Options, job: Job): Promise<void> {
  const ref = refOf(job);
  const { id: jobId, finishedOn } = job;
  if (ref === undefined || jobId === undefined || finishedOn === undefined) return;
  const told = await describeEnd(redis, job.queueName as QueueName, job, ref);
  if (told === undefined) return;
  const deliveryId = deliveryIdOf(jobId, finishedOn);
  await log.begin(jobId, deliveryId, { type: told.event.type, queuedAt: now() });
  const input: WebhookInput = { endedJobId: jobId, callbackRef: ref, ...told };
  const patience: JobsOptions = { attempts: DELIVERY_ATTEMPTS, backoff: { type: 'patient' } };
  await enqueue(queues[WEBHOOK_QUEUE], input, { ...jobOptions, ...patience, jobId: deliveryId });
}

async function crossOut(redis: Redis, jobId: string, note: string): Promise<void> {
  await redis.eval(CROSS_OUT, 1, redisKeys.webhookOutbox, jobId, note);
}

function refOf(job: Job): string | undefined {
  return callbackRefOf(job.queueName as QueueName, job.data);
}
