import { z } from 'zod';
import { CloneId } from '../domain/clone-id.ts';

export const CloneStatus = z.enum(['queued', 'provisioning', 'copying', 'ready', 'expiring', 'expired', 'failed']);
export type CloneStatus = z.infer<typeof CloneStatus>;

/** A clone as its runtime knows it, and as the projection in Redis repeats it. No secret is in it. */
export const CloneRecord = z.object({
  id: CloneId,
  name: z.string().optional(),
  url: z.string(),
  status: CloneStatus,
  owner: z.string(),
  sourceUrl: z.string(),
  jobId: z.string(),
  /** Milliseconds since the epoch, as all times in records. */
  createdAt: z.number(),
  /** When the copy was complete and cut off from the world: from then on it may be visited, first of all by its verification. */
  finishedAt: z.number().optional(),
  readyAt: z.number().optional(),
  expiresAt: z.number(),
  sizes: z
    .object({ databaseBytes: z.number(), fileBytes: z.number(), tables: z.number(), rows: z.number(), files: z.number() })
    .optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type CloneRecord = z.infer<typeof CloneRecord>;

/** What lets somebody into a clone's wp-admin as its own administrator. */
export const CloneCredentials = z.object({
  username: z.string(),
  password: z.string(),
  loginUrl: z.string(),
  /** Signs login links; the clone knows it too. Clones that were made before there were login links have none. */
  loginSecret: z.string().optional(),
});
export type CloneCredentials = z.infer<typeof CloneCredentials>;
