import { createRoute, z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { GUARDED, guard } from '../http/guard.ts';
import { findJob } from '../queue/find-job.ts';
import { Deliveries, readDeliveries } from '../webhooks/read-deliveries.ts';
import { rotateWebhookSecret } from '../webhooks/webhook-secret.ts';

const SecretMade = z
  .object({
    secret: z.string().openapi({ description: 'As libraries for Standard Webhooks take it. It is not shown again.' }),
    previousUntil: z.string().nullable().openapi({ description: 'Until then the secret before signs along.' }),
  })
  .openapi('WebhookSecret');

const shared = { tags: ['webhooks'] };

/** The secret that signs webhooks, and what became of those of a job. */
export function addWebhookRoutes(app: ApiApp, deps: ApiDeps): void {
  const rotate = createRoute({
    ...guard(deps, 'rotateWebhookSecret'),
    ...shared,
    method: 'post',
    path: '/api/v1/webhook-secret',
    summary: 'Make the secret that signs webhooks, or another one',
    description: 'One for all keys of an owner. After a change the secret before signs along for a day.',
    responses: { 201: jsonAnswer(SecretMade, 'The secret, this once.'), ...errorAnswers(...GUARDED) },
  });
  app.openapi(rotate, async (context) => {
    const { secret, previousUntil } = await rotateWebhookSecret(deps, context.get('caller').owner);
    return context.json(
      { secret, previousUntil: previousUntil === undefined ? null : new Date(previousUntil).toISOString() },
      201,
    );
  });

  const deliveries = createRoute({
    ...guard(deps, 'readDeliveries'),
    ...shared,
    method: 'get',
    path: '/api/v1/jobs/{jobId}/deliveries',
    summary: 'The webhooks of a job, and every attempt to deliver them',
    request: { params: z.object({ jobId: z.string().max(128) }) },
    responses: { 200: jsonAnswer(Deliveries, 'Oldest first.'), ...errorAnswers(...GUARDED, 'job.not_found') },
  });
  app.openapi(deliveries, async (context) => {
    const { jobId } = await findJob(deps, context.req.valid('param').jobId, context.get('caller'));
    return context.json({ deliveries: await readDeliveries(deps, jobId) }, 200);
  });
}
