import { z } from '@hono/zod-openapi';
import type { ErrorCode } from '@wcr/shared/errors/catalogue';
import { CATALOGUE } from '@wcr/shared/errors/catalogue';

/** The one form of every error. */
export const ErrorEnvelope = z
  .object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string(), requestId: z.string() }) })
  .openapi('Error', {
    example: {
      error: {
        code: 'clone.not_found',
        message: 'There is no clone clone-20300131-120000-k3x9.',
        hint: 'It may have expired; list the clones to see what there is.',
        requestId: '3c1e4d9a-6f0b-4a70-9a53-0f5d1b6e8c22',
      },
    },
  });

/** The errors any call with a body may answer with. */
export const WITH_BODY = ['request.invalid', 'request.too_large', 'request.not_json'] as const;

/** A JSON answer, for a route's documentation. */
export function jsonAnswer<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { content: { 'application/json': { schema } }, description };
}

/** The error answers of a route, for its documentation, from the codes it may give. */
export function errorAnswers(...codes: ErrorCode[]) {
  const byStatus = Map.groupBy(codes, (code) => CATALOGUE[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [status, jsonAnswer(ErrorEnvelope, of.map((code) => `\`${code}\``).join(', '))]),
  );
}
