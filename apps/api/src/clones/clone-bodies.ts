import { z } from '@hono/zod-openapi';
import { CloneStatus } from '@wcr/shared/contracts/clone-record';
import { idempotencyHeaders, JobLinks, PageQuery } from '../http/common-bodies.ts';
import { SiteAddress } from '../sites/site-address.ts';
import { Source, text } from '../sites/site-bodies.ts';
import { CallbackUrl } from '../webhooks/callback-url.ts';

const CLONE_ID = /^clone-\d{8}-\d{6}-[a-z0-9]{4}$/;

const RelativePath = text(1024).refine(
  (path) => !path.startsWith('/') && !path.includes('\\') && !path.includes('\0') && !path.split('/').includes('..'),
  'must be relative to the site root, without ".."',
);

const Exclude = z
  .strictObject({
    paths: z.array(RelativePath).max(200).default([]),
    tables: z.array(text(64)).max(200).default([]),
  })
  .openapi('Exclude');

/** Whole minutes a clone lives, at most `max`. */
export function ttlMinutesSchema(max: number) {
  return z.int('must be a whole number of minutes').min(1, 'must be at least 1').max(max, `must be at most ${max}`);
}

/** The body of `POST /api/v1/clones`. */
export function newCloneSchema(maxTtlMinutes: number) {
  return z
    .strictObject({
      source: Source,
      ttlMinutes: ttlMinutesSchema(maxTtlMinutes).default(Math.min(60, maxTtlMinutes)),
      name: text(100).optional(),
      exclude: Exclude.optional(),
      callbackUrl: CallbackUrl.optional(),
    })
    .openapi('NewClone', {
      example: {
        source: { url: 'https://shop.example', username: 'admin', password: 'correct horse battery staple' },
        ttlMinutes: 120,
        name: 'Before the redesign',
        exclude: { paths: ['wp-content/cache*'], tables: [] },
      },
    });
}
export type NewClone = z.output<ReturnType<typeof newCloneSchema>>;

/** The body of `PATCH /api/v1/clones/{cloneId}`: exactly one of its fields. */
export function changeCloneSchema(maxTtlMinutes: number) {
  return z
    .strictObject({
      ttlMinutes: ttlMinutesSchema(maxTtlMinutes)
        .optional()
        .openapi({ description: 'Minutes from now until the clone expires.' }),
      expiresAt: z.iso
        .datetime({ offset: true, message: 'must be a time such as 2030-01-31T12:00:00Z' })
        .optional()
        .openapi({ example: '2030-01-31T12:00:00Z' }),
    })
    .refine(
      (change) => (change.ttlMinutes === undefined) !== (change.expiresAt === undefined),
      'send either ttlMinutes or expiresAt',
    )
    .openapi('CloneChange', { example: { ttlMinutes: 240 } });
}
export type CloneChange = z.output<ReturnType<typeof changeCloneSchema>>;

// A schema of its own: those of the shared package may be made before zod learns `openapi`.
export const CloneIdField = z
  .string()
  .regex(CLONE_ID, 'must be the id of a clone')
  .openapi({ example: 'clone-20300131-120000-k3x9' });

export const CloneAccepted = z
  .object({ clone: z.object({ id: CloneIdField, url: z.string(), status: CloneStatus }), job: JobLinks })
  .openapi('CloneAccepted');

export const CloneView = z
  .object({
    id: CloneIdField,
    name: z.string().optional(),
    url: z.string(),
    status: CloneStatus,
    source: z.object({ url: z.string() }),
    createdAt: z.string(),
    readyAt: z.string().optional(),
    expiresAt: z.string(),
    sizes: z
      .object({ databaseBytes: z.number(), fileBytes: z.number(), tables: z.number(), rows: z.number(), files: z.number() })
      .optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
    jobId: z.string(),
    job: JobLinks,
  })
  .openapi('Clone');
export type CloneView = z.infer<typeof CloneView>;

export const ClonePage = z.object({ clones: z.array(CloneView), nextCursor: z.string().nullable() }).openapi('ClonePage');

export const Credentials = z.object({ username: z.string(), password: z.string(), loginUrl: z.string() }).openapi('Credentials');

export const LoginLink = z.object({ url: z.string(), expiresAt: z.string() }).openapi('LoginLink', {
  example: {
    url: 'https://clones.example/clone-20300131-120000-k3x9/?wcr-login#eyJjbG9uZSI6Ii4uLiJ9.c2lnbmF0dXJl',
    expiresAt: '2030-01-31T12:01:00.000Z',
  },
});

/** Query of the list of clones. */
export const CloneQuery = PageQuery.extend({
  sourceUrl: SiteAddress.optional().openapi({ description: 'Only clones of this source.', example: 'https://shop.example' }),
});

export const CloneIdParam = z.object({
  cloneId: z
    .string()
    .max(64)
    .openapi({ param: { name: 'cloneId', in: 'path' }, example: 'clone-20300131-120000-k3x9' }),
});

export const CloneHeaders = idempotencyHeaders('clone');
