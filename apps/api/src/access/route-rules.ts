import type { Scope } from '@wcr/shared/contracts/access';
import type { AuditAction } from '@wcr/shared/contracts/audit';

/** What a call demands and leaves behind. */
export type RouteRule = {
  /** The key must have it; absent where any key will do. */
  readonly scope?: Scope;
  /** Goes to the audit log as this. */
  readonly action?: AuditAction;
  /**
   * Gives a worker much to do, and so counts as one of the key's enqueues; given back when it was refused, which the audit log
   * is told. Ways back (rollback, cancel, delete) never count.
   */
  readonly enqueues?: true;
  /** No limit of the key refuses it: who is signed in can always sign out. */
  readonly isUnlimited?: true;
};
type Rules = Record<string, RouteRule & ({ enqueues?: never } | { action: AuditAction })>;

/** Every call that needs an API key, by its operation id. With the rules below, the one place that says who may do what. */
export const ROUTE_RULES = {
  createClone: { scope: 'clones:write', action: 'clone.create', enqueues: true },
  listClones: { scope: 'clones:read' },
  readClone: { scope: 'clones:read' },
  readCredentials: { scope: 'credentials:read', action: 'credentials.read' },
  createLoginLink: { scope: 'credentials:read', action: 'login-link.create' },
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

  rotateWebhookSecret: { scope: 'webhooks:write', action: 'webhook-secret.rotate' },
  readDeliveries: { scope: 'jobs:read' },

  formerCreateClone: { scope: 'clones:write', action: 'clone.create', enqueues: true },
  formerCreateRestore: { scope: 'restores:write', action: 'restore.create', enqueues: true },
  formerReadJob: { scope: 'jobs:read' },

  readAudit: { scope: 'admin' },
  listKeys: { scope: 'admin' },
  createKey: { scope: 'admin', action: 'key.create' },
  revokeKey: { scope: 'admin', action: 'key.revoke' },
} as const satisfies Rules;

/** The same for the board of queues, which comes with a key or with the session of a person who has signed in with one. */
export const BOARD_RULES = {
  look: { scope: 'queues:read' },
  retry: { scope: 'queues:write', action: 'job.retry', enqueues: true },
  promote: { scope: 'queues:write', action: 'job.promote' },
  pause: { scope: 'queues:write', action: 'queue.pause' },
  resume: { scope: 'queues:write', action: 'queue.resume' },
  /** Whatever else the board could change. */
  change: { scope: 'queues:write', action: 'queue.change' },
} as const satisfies Rules;

/** What only the web page asks for; the rest of what it does are calls, and goes by their rules. */
export const WEB_RULES = {
  /** A page that shows several things: of each it asks itself whether the key may see it. */
  look: {},
  planRestore: { scope: 'restores:write' },
  signIn: { action: 'session.begin' },
  signOut: { action: 'session.end', isUnlimited: true },
} as const satisfies Rules;

export type GuardedOperation = keyof typeof ROUTE_RULES;
