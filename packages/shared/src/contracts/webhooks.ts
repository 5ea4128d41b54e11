import { createHash } from 'node:crypto';
import { z } from 'zod';
import { JobFailure } from './jobs.ts';
import { type QueueName, WEBHOOK_QUEUE } from './queues.ts';

/** What is told of the end of a job. Times are ISO text, as in the API's answers. No secret is in it. */
export const WebhookEvent = z.object({
  type: z.enum(['job.completed', 'job.failed']),
  /** When the job ended. */
  timestamp: z.string(),
  data: z.object({
    job: z.object({
      id: z.string(),
      queue: z.string(),
      status: z.enum(['completed', 'failed', 'cancelled']),
      createdAt: z.string(),
      finishedAt: z.string(),
      error: JobFailure.optional(),
    }),
    clone: z
      .object({ id: z.string(), name: z.string().optional(), url: z.string(), status: z.string(), expiresAt: z.string() })
      .optional(),
    restore: z
      .object({ id: z.string(), status: z.string(), cloneId: z.string().optional(), target: z.object({ url: z.string() }) })
      .optional(),
  }),
});
export type WebhookEvent = z.infer<typeof WebhookEvent>;

/** What the webhook queue carries: one delivery. The address is a secret of the receiver's, and stays sealed. */
export const WebhookInput = z.object({
  /** The job whose end is told. */
  endedJobId: z.string(),
  /** Names the sealed address: the id of a clone or restore. */
  callbackRef: z.string(),
  owner: z.string(),
  event: WebhookEvent,
});
export type WebhookInput = z.infer<typeof WebhookInput>;

/** One try of a delivery. */
export const DeliveryAttempt = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  ms: z.number(),
  /** What the receiver answered; absent when it did not. */
  status: z.number().optional(),
  /** Code of the error, unless it was delivered. */
  code: z.string().optional(),
});
export type DeliveryAttempt = z.infer<typeof DeliveryAttempt>;

/** What stands in the log of deliveries under the id of a delivery. */
export const DeliveryHead = z.object({ type: WebhookEvent.shape.type, queuedAt: z.number() });
export type DeliveryHead = z.infer<typeof DeliveryHead>;

/** Where an owner's events go, sealed. */
export const Callback = z.object({ url: z.string() });
export const callbackContext = (ref: string): string => `callback:${ref}`;

/** The secrets an owner's events are signed with, sealed: after a change the one before signs along for a while. */
export const WebhookSecrets = z.object({
  current: z.string(),
  previous: z.string().optional(),
  /** Milliseconds since the epoch. */
  previousUntil: z.number().optional(),
});
export type WebhookSecrets = z.infer<typeof WebhookSecrets>;
export const webhookSecretsContext = (owner: string): string => `webhook-secrets:${owner}`;

/** A record's sealed address outlives the record's own time by so long. */
export const CALLBACK_LINGERS_MS = 30 * 86_400_000;

/**
 * The delivery of one end of a job, also its webhook-id: the same whoever finds the job ended, another one when the job was
 * tried again and ended once more.
 */
export function deliveryIdOf(jobId: string, finishedOn: number): string {
  return `${WEBHOOK_QUEUE}-${createHash('sha256').update(`${jobId}\n${finishedOn}`).digest('hex').slice(0, 32)}`;
}

const Told = z.object({
  cloneId: z.string().optional(),
  restoreId: z.string().optional(),
  reason: z.string().optional(),
  action: z.string().optional(),
});

/**
 * The record whose callback hears of a job's end; undefined for jobs nobody asked for: tidying up, and looking after things.
 * @param data the job's payload
 */
export function callbackRefOf(queue: QueueName, data: unknown): string | undefined {
  const { cloneId, restoreId, reason, action } = Told.safeParse(data).data ?? {};
  if (queue === 'clone') return cloneId;
  if (queue === 'restore') return restoreId;
  if (queue === 'rollback') return action === 'roll-back' ? restoreId : undefined;
  if (queue === 'expire') return reason === 'expired' || reason === 'deleted' ? cloneId : undefined;
  return undefined;
}
