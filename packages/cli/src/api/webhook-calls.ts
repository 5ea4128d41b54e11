import { z } from 'zod';
import type { HttpClient } from './http-client.ts';

const SecretMade = z.object({ secret: z.string(), previousUntil: z.string().nullable() });

const Delivery = z.object({
  id: z.string(),
  type: z.string(),
  status: z.string(),
  queuedAt: z.string(),
  nextAttemptAt: z.string().optional(),
  attempts: z.array(z.object({ at: z.string(), ms: z.number(), status: z.number().optional(), code: z.string().optional() })),
});
export type Delivery = z.infer<typeof Delivery>;

export type WebhookCalls = {
  /** Makes the secret that signs an owner's webhooks, or another one. Not repeated by itself: each call makes one. */
  rotateSecret(): Promise<z.infer<typeof SecretMade>>;
  /** What was delivered of the ends of a job, oldest first. */
  deliveries(jobId: string): Promise<Delivery[]>;
};

export function createWebhookCalls(http: HttpClient): WebhookCalls {
  return {
    rotateSecret: () => http.ask(SecretMade, '/api/v1/webhook-secret', { method: 'POST' }),
    async deliveries(jobId) {
      const path = `/api/v1/jobs/${encodeURIComponent(jobId)}/deliveries`;
      return (await http.ask(z.object({ deliveries: z.array(Delivery) }), path)).deliveries;
    },
  };
}
