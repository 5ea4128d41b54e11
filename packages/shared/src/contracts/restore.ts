import { z } from 'zod';
import { CloneId } from '../domain/clone-id.ts';

/** What a restore may touch; the words and defaults of the API. */
export const RestoreOptions = z.object({
  /** Plugins of the target stay as they are: files, versions and which are active (but for what was switched in the clone). */
  preservePlugins: z.boolean(),
  preserveThemes: z.boolean(),
  /** Leaves uploads alone; without it they are merged, and files only the target has stay. */
  preserveUploads: z.boolean(),
  /** Compares hashes of what was written with what was sent, before and after the swap. */
  verifyIntegrity: z.boolean(),
  /** Ends after comparing; nothing is written. */
  dryRun: z.boolean(),
  /** Goes on although rows or files of the target that changed since the clone was made are lost. */
  overwriteTargetChanges: z.boolean(),
});
export type RestoreOptions = z.infer<typeof RestoreOptions>;

/** Where a site is and which sealed secrets open it. */
export const SiteAccess = z.object({ url: z.string(), loginUrl: z.string().optional(), secretRef: z.string() });
export type SiteAccess = z.infer<typeof SiteAccess>;

/** What the restore queue carries. A restore's id is its job's id. */
export const RestoreInput = z.object({
  restoreId: z.string(),
  /** One of our clones, or any WordPress. */
  from: z.union([z.object({ cloneId: CloneId }), z.object({ source: SiteAccess })]),
  target: SiteAccess,
  options: RestoreOptions,
  /** Id of the API key that asked. */
  owner: z.string(),
  requestedAt: z.number(),
  requestId: z.string().optional(),
});
export type RestoreInput = z.infer<typeof RestoreInput>;

/**
 * What the rollback queue carries: back to the restore point; the restore point's removal when its time is up; or the end of a
 * restore that failed and could not clean up behind itself.
 */
export const RollbackInput = z.object({
  restoreId: z.string(),
  action: z.enum(['roll-back', 'forget', 'undo']),
  owner: z.string(),
  requestId: z.string().optional(),
});
export type RollbackInput = z.infer<typeof RollbackInput>;

/** Something of the target that came into being or changed since the clone was made. */
export const TargetChange = z.object({
  /** `order`, `comment`, `user`, `post`, `row` or `file`. */
  kind: z.string(),
  /** For people: an order's number, a comment's author, a login, a path. */
  what: z.string(),
  /** `new`, `changed` or `removed`, on the target. */
  change: z.enum(['new', 'changed', 'removed']),
  /** Whether this restore overwrites or removes it. */
  lost: z.boolean(),
});
export type TargetChange = z.infer<typeof TargetChange>;

export const TableReport = z.object({
  name: z.string(),
  /** `rows`: changed rows only; `swap`: the whole table; `kept`: nothing to do. */
  how: z.enum(['rows', 'swap', 'kept']),
  inserted: z.number(),
  updated: z.number(),
  deleted: z.number(),
});
export type TableReport = z.infer<typeof TableReport>;

const Component = z.object({ name: z.string(), version: z.string() });

/** What a restore did, or in a dry run would do. */
export const RestoreReport = z.object({
  dryRun: z.boolean(),
  /** Tables that differ; unchanged ones are only counted. */
  tables: z.array(TableReport),
  tablesUnchanged: z.number(),
  rowsWritten: z.number(),
  files: z.object({ sent: z.number(), removed: z.number(), unchanged: z.number(), kept: z.number() }),
  /** Bytes that went to the target: rows and files, without headers. */
  bytesMoved: z.number(),
  replacements: z.number(),
  plugins: z.object({ preserved: z.array(Component), changed: z.array(Component) }),
  themes: z.object({ preserved: z.array(Component), changed: z.array(Component) }),
  /** What happened on the target since the clone was made; at most 200. */
  targetChanges: z.array(TargetChange),
  targetChangesTotal: z.number(),
  /** `verified`: hashes compared; `counted`: rows and sizes only; `none`: dry run. */
  integrity: z.enum(['verified', 'counted', 'none']),
  warnings: z.array(z.string()),
  /** Milliseconds a step took. */
  timings: z.record(z.string(), z.number()),
  /** Milliseconds the site was in maintenance mode. */
  maintenanceMs: z.number(),
  /** Until when a rollback is possible; milliseconds since the epoch. */
  restorePointUntil: z.number().nullable(),
});
export type RestoreReport = z.infer<typeof RestoreReport>;

export const RestoreStatus = z.enum(['queued', 'running', 'completed', 'failed', 'rolling-back', 'rolled-back']);
export type RestoreStatus = z.infer<typeof RestoreStatus>;

/** A restore as the API shows it: written by the API when it is asked for, then by workers. No secret is in it. */
export const RestoreRecord = z.object({
  id: z.string(),
  owner: z.string(),
  status: RestoreStatus,
  cloneId: CloneId.optional(),
  sourceUrl: z.string().optional(),
  targetUrl: z.string(),
  options: RestoreOptions,
  /** The restore's own job, and that of a rollback once one was asked for. */
  jobId: z.string(),
  rollbackJobId: z.string().optional(),
  /** Milliseconds since the epoch, as all times in records. */
  createdAt: z.number(),
  endedAt: z.number().optional(),
  /** Present when it has completed, and when it was refused because the target has changed. */
  report: RestoreReport.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type RestoreRecord = z.infer<typeof RestoreRecord>;

/** Sealed secrets of the target while its restore job lives, and while its restore point does. */
export const targetSecretRef = (restoreId: string): string => `target:${restoreId}`;
export const restorePointSecretRef = (restoreId: string): string => `restore-point:${restoreId}`;
