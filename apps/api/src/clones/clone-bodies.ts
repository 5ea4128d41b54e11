import { z } from '@hono/zod-openapi';
import { CloneStatus } from '@wcr/shared/contracts/clone-record';
import { SiteAddress } from './site-address.ts';

const CLONE_ID = /^clone-\d{8}-\d{6}-[a-z0-9]{4}$/;

const text = (max: number) => z.string().min(1, 'must not be empty').max(max, `must have at most ${max} characters`);

const HttpAuth = z.strictObject({ username: text(255), password: text(1024) }).openapi('HttpAuth');

export const SourceFields = {
  url: SiteAddress.openapi({ example: 'https://shop.example' }),
  username: text(255).optional(),
  password: text(1024).optional(),
  pairingKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits, as shown under Settings → Clone & Restore')
    .optional(),
  loginUrl: SiteAddress.optional().openapi({ description: 'Where the login page is, if it was moved.' }),
  httpAuth: HttpAuth.optional().openapi({ description: 'HTTP Basic authentication in front of the site.' }),
};

const Source = z
  .strictObject(SourceFields)
  .superRefine((source, context) => {
    for (const [given, missing] of [
      ['username', 'password'],
      ['password', 'username'],
    ] as const) {
      if (source[given] !== undefined && source[missing] === undefined) {
        context.addIssue({ code: 'custom', path: [missing], message: `goes together with ${given}` });
      }
    }
  })
  .openapi('Source');

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

const JobLinks = z.object({ id: z.string(), statusUrl: z.string(), eventsUrl: z.string() }).openapi('JobLinks', {
  example: {
    id: 'clone-4f1c2ad09b7e63588d1c4e2f7a90b135',
    statusUrl: '/api/v1/jobs/clone-4f1c2ad09b7e63588d1c4e2f7a90b135',
    eventsUrl: '/api/v1/jobs/clone-4f1c2ad09b7e63588d1c4e2f7a90b135/events',
  },
});

// A schema of its own: those of the shared package may be made before zod learns `openapi`.
const CloneIdField = z.string().regex(CLONE_ID).openapi({ example: 'clone-20300131-120000-k3x9' });

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

export const CloneIdParam = z.object({
  cloneId: z
    .string()
    .max(64)
    .openapi({ param: { name: 'cloneId', in: 'path' }, example: 'clone-20300131-120000-k3x9' }),
});

const CURSOR = /^\d{1,16}\.clone-\d{8}-\d{6}-[a-z0-9]{4}$/;

export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().regex(CURSOR, 'must be the nextCursor of the page before').optional(),
});

export const CloneHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters')
    .optional()
    .openapi({ description: 'Repeating a request with the same key within 24 hours gives the same clone, not a second one.' }),
});
