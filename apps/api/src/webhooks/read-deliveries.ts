import { z } from '@hono/zod-openapi';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { DeliveryAttempt, DeliveryHead, WebhookEvent } from '@wcr/shared/contracts/webhooks';
import type { ApiDeps } from '../deps.ts';
import { viaRedis } from '../queue/redis-client.ts';

const DeliveryView = z
  .object({
    id: z.string().openapi({ description: 'The `webhook-id` the receiver gets.' }),
    type: z.enum(WebhookEvent.shape.type.options),
    status: z.enum(['waiting', 'delivered', 'failed']),
    queuedAt: z.string(),
    nextAttemptAt: z.string().optional(),
    attempts: z.array(
      z.object({
        at: z.string(),
        ms: z.number(),
        status: z.number().optional().openapi({ description: 'What the receiver answered.' }),
        code: z.string().optional().openapi({ description: 'Why it was not delivered.' }),
      }),
    ),
  })
  .openapi('Delivery');
type DeliveryView = z.infer<typeof DeliveryView>;
export const Deliveries = z.object({ deliveries: z.array(DeliveryView) }).openapi('Deliveries');

type Deps = Pick<ApiDeps, 'redis' | 'queues'>;

/** What was delivered, and tried, of the ends of a job; oldest first. @throws AppError `queue.unavailable` */
export async function readDeliveries(deps: Deps, jobId: string): Promise<DeliveryView[]> {
  const fields = await viaRedis(() => deps.redis.hgetall(redisKeys.deliveries(jobId)));
  const heads = Object.entries(fields).filter(([field]) => !field.includes(':'));
  const deliveries = heads.flatMap(([id, text]) => {
    const head = DeliveryHead.safeParse(JSON.parse(text)).data;
    return head === undefined ? [] : [{ id, head, attempts: attemptsOf(id, fields) }];
  });
  const views = await viaRedis(() => Promise.all(deliveries.map((delivery) => viewDelivery(deps, delivery))));
  return views.sort((a, b) => a.queuedAt.localeCompare(b.queuedAt));
}

function attemptsOf(id: string, fields: Readonly<Record<string, string>>): DeliveryAttempt[] {
  const texts = Object.entries(fields).filter(([field]) => field.startsWith(`${id}:`));
  const attempts = texts.flatMap(([, text]) => DeliveryAttempt.safeParse(JSON.parse(text)).data ?? []);
  return attempts.sort((a, b) => a.at - b.at);
}

type Found = { readonly id: string; readonly head: DeliveryHead; readonly attempts: readonly DeliveryAttempt[] };

async function viewDelivery({ queues }: Deps, { id, head, attempts }: Found): Promise<DeliveryView> {
  const job = await queues.webhook.getJob(id);
  const isWaiting = job !== undefined && job.finishedOn === undefined;
  const isDelivered = attempts.some(({ code }) => code === undefined);
  const due = isWaiting && job.delay > 0 ? (job.processedOn ?? job.timestamp) + job.delay : undefined;
  return {
    id,
    type: head.type,
    status: isDelivered ? 'delivered' : isWaiting ? 'waiting' : 'failed',
    queuedAt: isoOf(head.queuedAt),
    nextAttemptAt: due === undefined ? undefined : isoOf(due),
    attempts: attempts.map((attempt) => ({ ...attempt, at: isoOf(attempt.at) })),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
