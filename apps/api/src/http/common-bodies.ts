import { z } from '@hono/zod-openapi';

/** Where a job is looked up. */
export const JobLinks = z.object({ id: z.string(), statusUrl: z.string(), eventsUrl: z.string() }).openapi('JobLinks', {
  example: {
    id: 'clone-4f1c2ad09b7e63588d1c4e2f7a90b135',
    statusUrl: '/api/v1/jobs/clone-4f1c2ad09b7e63588d1c4e2f7a90b135',
    eventsUrl: '/api/v1/jobs/clone-4f1c2ad09b7e63588d1c4e2f7a90b135/events',
  },
});

/** Headers of a call that makes something. */
export function idempotencyHeaders(made: string) {
  return z.object({
    'idempotency-key': z
      .string()
      .regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters')
      .optional()
      .openapi({
        description: `Repeating a request with the same key within 24 hours gives the same ${made}, not a second one.`,
      }),
  });
}

/** Query of a list. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z
    .string()
    .regex(/^[\w-]{40,400}$/, 'must be the nextCursor of the page before')
    .optional(),
});
