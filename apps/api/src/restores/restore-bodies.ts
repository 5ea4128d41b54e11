import { z } from '@hono/zod-openapi';
import { RestoreOptions, RestoreReport, RestoreStatus } from '@wcr/shared/contracts/restore';
import { CloneIdField } from '../clones/clone-bodies.ts';
import { idempotencyHeaders, JobLinks, PageQuery } from '../http/common-bodies.ts';
import { SiteAddress } from '../sites/site-address.ts';
import { Source, Target } from '../sites/site-bodies.ts';
import { CallbackUrl } from '../webhooks/callback-url.ts';

const EXAMPLE_ID = 'restore-9b1c2ad04f7e63588d1c4e2f7a90b135';

const option = (standard: boolean, description: string) => z.boolean().default(standard).openapi({ description });

/** The body of `POST /api/v1/restores`. */
export const NewRestore = z
  .strictObject({
    cloneId: CloneIdField.optional().openapi({ description: 'A clone of yours that is ready; or send `source`.' }),
    source: Source.optional().openapi({ description: 'Any other WordPress whose state the target shall get.' }),
    callbackUrl: CallbackUrl.optional(),
    target: Target.openapi({ description: 'The live site that is written to.' }),
    preservePlugins: option(true, 'Plugins of the target stay as they are: files, versions and which are active.'),
    preserveThemes: option(false, 'Themes of the target stay as they are.'),
    preserveUploads: option(false, 'Leaves uploads alone. Otherwise they are merged: files that only the target has stay.'),
    verifyIntegrity: option(true, 'Compares hashes of what was written with what was sent.'),
    dryRun: option(false, 'Ends after comparing: the report tells what would be done, nothing is written.'),
    overwriteTargetChanges: option(
      false,
      'Goes on although rows or files of the target that changed since the clone was made are lost.',
    ),
  })
  .refine((body) => (body.cloneId === undefined) !== (body.source === undefined), 'send either cloneId or source')
  .openapi('NewRestore', {
    example: {
      cloneId: 'clone-20300131-120000-k3x9',
      target: { url: 'https://shop.example', username: 'admin', password: 'correct horse battery staple' },
      dryRun: true,
    },
  });
export type NewRestore = z.output<typeof NewRestore>;

// Fields made anew here and below: schemas of the shared package may be made before zod learns `openapi`.
const RestoreIdField = z.string().openapi({ example: EXAMPLE_ID });

export const RestoreAccepted = z
  .object({
    restore: z.object({ id: RestoreIdField, status: RestoreStatus }),
    job: JobLinks,
  })
  .openapi('RestoreAccepted', {
    example: {
      restore: { id: EXAMPLE_ID, status: 'queued' },
      job: {
        id: EXAMPLE_ID,
        statusUrl: `/api/v1/jobs/${EXAMPLE_ID}`,
        eventsUrl: `/api/v1/jobs/${EXAMPLE_ID}/events`,
      },
    },
  });

const ReportView = z
  .object({
    ...RestoreReport.shape,
    restorePointUntil: z.string().nullable().openapi({ description: 'Until when a rollback is possible.' }),
  })
  .openapi('RestoreReport', { description: 'What the restore did, or in a dry run would do.' });

export const RestoreView = z
  .object({
    id: RestoreIdField,
    status: RestoreStatus,
    cloneId: z.string().optional(),
    source: z.object({ url: z.string() }).optional(),
    target: z.object({ url: z.string() }),
    options: z.object(RestoreOptions.shape).openapi('RestoreOptions'),
    createdAt: z.string(),
    endedAt: z.string().optional(),
    restorePointUntil: z
      .string()
      .nullable()
      .openapi({ description: 'Until when the restore can be rolled back; null while, or if, it cannot.' }),
    report: ReportView.optional().openapi({
      description: 'There when the restore has completed, and when it was refused because the target has changed.',
    }),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
    jobId: z.string(),
    job: JobLinks,
    rollbackJobId: z.string().optional(),
    rollbackJob: JobLinks.optional().openapi({ description: 'The rollback’s job, once one was asked for.' }),
  })
  .openapi('Restore');
export type RestoreView = z.infer<typeof RestoreView>;

export const RestorePage = z.object({ restores: z.array(RestoreView), nextCursor: z.string().nullable() }).openapi('RestorePage');

/** Query of the list of restores. */
export const RestoreQuery = PageQuery.extend({
  targetUrl: SiteAddress.optional().openapi({ description: 'Only restores to this target.', example: 'https://shop.example' }),
});

export const RestoreIdParam = z.object({
  restoreId: z
    .string()
    .max(64)
    .openapi({ param: { name: 'restoreId', in: 'path' }, example: EXAMPLE_ID }),
});

export const RestoreHeaders = idempotencyHeaders('restore');
