import type { Scope } from '@wcr/shared/contracts/access';
import type { AuditAction } from '@wcr/shared/contracts/audit';

/** What a call demands and leaves behind. */
export type RouteRule = {
  /** The key must have it. */
  readonly scope: Scope;
  /** Goes to the audit log as this. */
  readonly action?: AuditAction;
  /**
   * Gives a worker much to do, and so counts as one of the key's enqueues; given back when it was refused, which the audit log
   * is told. Ways back (rollback, cancel, delete) never count.
   */
  readonly enqueues?: true;
};

/** Every call that needs an API key, by its operation id: the one place that says who may do what. */
export const ROUTE_RULES = {
  createClone: { scope: 'clones:write', action: 'clone.create', enqueues: true },
  listClones: { scope: 'clones:read' },
  readClone: { scope: 'clones:read' },
  readCredentials: { scope: 'credentials:read', action: 'credentials.read' },
  changeClone: { scope: 'clones:write', action: 'clone.extend' },
  deleteClone: { scope: 'clones:write', action: 'clone.delete' },

  createRestore: { scope: 'restores:write', action: 'restore.create', enqueues: true },
  listRestores: { scope: 'restores:read' },
  readRestore: { scope: 'restores:read' },
  rollBackRestore: { scope: 'restores:write', action: 'restore.rollback' },

  readJob: { scope: 'jobs:read' },
  readJobLog: { scope: 'jobs:read' },
  followJob: { scope: 'jobs:read' },
  cancelJob: { scope: 'jobs:write', action: 'job.cancel' },
  retryJob: { scope: 'jobs:write', action: 'job.retry', enqueues: true },

  formerCreateClone: { scope: 'clones:write', action: 'clone.create', enqueues: true },
  formerCreateRestore: { scope: 'restores:write', action: 'restore.create', enqueues: true },
  formerReadJob: { scope: 'jobs:read' },

  readAudit: { scope: 'admin' },
} as const satisfies Record<string, RouteRule & ({ enqueues?: never } | { action: AuditAction })>;

export type GuardedOperation = keyof typeof ROUTE_RULES;
