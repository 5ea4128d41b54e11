import { createRoute, z } from '@hono/zod-openapi';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { requireToken } from '../http/bearer-auth.ts';

const Healthy = z.object({ status: z.literal('ok') }).openapi('Healthy');
const OK = { status: 'ok' } as const;

/** Probes and `/metrics`, for operators and their machines. */
export function addHealthRoutes(app: ApiApp, { health, metrics, config }: ApiDeps): void {
  const probe = (name: string, summary: string) =>
    createRoute({
      method: 'get',
      path: `/health/${name}`,
      operationId: `health-${name}`,
      summary,
      tags: ['operations'],
      responses: { 200: jsonAnswer(Healthy, 'Yes.'), ...errorAnswers('queue.unavailable') },
    });
  app.openapi(probe('live', 'Does the process answer?'), (context) => context.json(OK, 200));
  app.openapi(probe('ready', 'Would requests succeed now?'), async (context) => {
    await health.assertReady();
    return context.json(OK, 200);
  });
  app.openapi(probe('startup', 'Was Redis reached since the start?'), (context) => {
    if (!health.hasStarted()) throw new AppError('queue.unavailable');
    return context.json(OK, 200);
  });

  const figures = createRoute({
    method: 'get',
    path: '/metrics',
    operationId: 'metrics',
    summary: 'Figures for Prometheus and the scaler',
    tags: ['operations'],
    middleware: requireToken(config.metricsToken),
    responses: {
      200: { description: 'Prometheus text format.', content: { 'text/plain': { schema: z.string() } } },
      ...errorAnswers('queue.unavailable', 'auth.missing', 'auth.invalid'),
    },
  });
  app.openapi(figures, async (context) => {
    const text = await metrics.render();
    return context.text(text, 200, { 'Content-Type': metrics.registry.contentType });
  });
}
