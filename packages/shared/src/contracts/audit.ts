import { z } from 'zod';

/** Everything that is written to the audit log. */
export const AuditAction = z.enum([
  'clone.create',
  'clone.extend',
  'clone.delete',
  'credentials.read',
  'login-link.create',
  'restore.create',
  'restore.rollback',
  'job.cancel',
  'job.retry',
  'job.promote',
  'queue.pause',
  'queue.resume',
  /** Anything else the board of queues was asked to change; it is refused. */
  'queue.change',
  'session.begin',
  'session.end',
  'webhook-secret.rotate',
  'key.create',
  'key.revoke',
  'auth.failed',
]);
export type AuditAction = z.infer<typeof AuditAction>;

/**
 * `done`; `refused`: nothing was changed; `failed`: an error on our side, it may be done in part; `unknown`: it was begun, and
 * whoever did it died or lost Redis before it could write how it ended.
 */
export const AuditOutcome = z.enum(['done', 'refused', 'failed', 'unknown']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** Who did what, on which record, and how it ended. Never a secret. */
export const AuditEvent = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  action: AuditAction,
  /** The API key by id and name; absent where none was known. */
  actor: z.object({ id: z.string(), name: z.string() }).optional(),
  /** Id of a clone, restore, job or key, or the name of a queue. */
  record: z.string().optional(),
  /** Where the request came from; for a command the name of the machine. */
  address: z.string(),
  requestId: z.string().optional(),
  outcome: AuditOutcome,
  /** Code of the error, unless it was done. */
  code: z.string().optional(),
});
export type AuditEvent = z.infer<typeof AuditEvent>;
