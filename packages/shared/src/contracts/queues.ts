/** Every queue, once. A queue's name is also the name of the job it carries. */
export const QUEUE_PREFIX = '{wcr}';
/** BullMQ's score of a delayed job is its time in milliseconds times this, plus a sequence number. */
export const DELAYED_SCORE_FACTOR = 0x1000;
export const CLONE_QUEUE = 'clone';
export const EXPIRE_QUEUE = 'expire';
/** Carries changes of a clone's expiry to the runtime, which owns it. */
export const EXTEND_QUEUE = 'extend';
/** Carries the sweeper's ticks; one at a time. */
export const SWEEP_QUEUE = 'sweep';
export const RESTORE_QUEUE = 'restore';
/** Carries rollbacks and the removal of restore points whose time is up. */
export const ROLLBACK_QUEUE = 'rollback';
/** Carries deliveries of events to whoever asked to hear of the end of a job. */
export const WEBHOOK_QUEUE = 'webhook';
export const QUEUES = [
  CLONE_QUEUE,
  RESTORE_QUEUE,
  ROLLBACK_QUEUE,
  EXPIRE_QUEUE,
  EXTEND_QUEUE,
  SWEEP_QUEUE,
  WEBHOOK_QUEUE,
] as const;
export type QueueName = (typeof QUEUES)[number];

/** A job's public id is `<queue>-<rest>`, so that the queue is known from the id. */
export function queueOfJobId(jobId: string): QueueName | undefined {
  return QUEUES.find((queue) => jobId.startsWith(`${queue}-`));
}

/** Redis keys outside BullMQ's own, all under the queue prefix so that a cluster keeps them together. */
export const redisKeys = {
  clone: (cloneId: string) => `${QUEUE_PREFIX}:clone-record:${cloneId}`,
  cloneIndex: `${QUEUE_PREFIX}:clone-index`,
  restore: (restoreId: string) => `${QUEUE_PREFIX}:restore-record:${restoreId}`,
  restoreIndex: `${QUEUE_PREFIX}:restore-index`,
  credentials: (cloneId: string) => `${QUEUE_PREFIX}:credentials:${cloneId}`,
  secret: (reference: string) => `${QUEUE_PREFIX}:secret:${reference}`,
  checkpoints: (queue: string, jobId: string) => `${QUEUE_PREFIX}:${queue}:${jobId}:checkpoints`,
  idempotency: (digest: string) => `${QUEUE_PREFIX}:idempotency:${digest}`,
  /** Hash from the SHA-256 of an API key to what is stored of it. */
  apiKeys: `${QUEUE_PREFIX}:api-keys`,
  /** Hash from the id of an API key to when and from where it was used last. */
  apiKeyUses: `${QUEUE_PREFIX}:api-key-uses`,
  /** How far an API key has used up a limit; `<key id>:<limit>`. */
  rate: (bucket: string) => `${QUEUE_PREFIX}:rate:${bucket}`,
  /** How many unknown API keys came from a network lately. */
  authFailures: (network: string) => `${QUEUE_PREFIX}:auth-failures:${network}`,
  /** Stream of what was done by whom. */
  audit: `${QUEUE_PREFIX}:audit`,
  /** Hash of what is being done right now, until it is known how it ended. */
  auditOpen: `${QUEUE_PREFIX}:audit-open`,
  /** Sealed address that hears of the jobs of a clone or restore. */
  callback: (recordId: string) => `${QUEUE_PREFIX}:callback:${recordId}`,
  /** Sealed secrets that sign an owner's webhooks. */
  webhookSecrets: (owner: string) => `${QUEUE_PREFIX}:webhook-secrets:${owner}`,
  /** Hash of jobs whose end somebody waits to hear of. */
  webhookOutbox: `${QUEUE_PREFIX}:webhook-outbox`,
  /** Hash of what was delivered, and tried, of the ends of a job. */
  deliveries: (jobId: string) => `${QUEUE_PREFIX}:deliveries:${jobId}`,
  /** Hash of the latest request for another expiry of a clone. */
  expiryOrder: (cloneId: string) => `${QUEUE_PREFIX}:expiry-order:${cloneId}`,
  agentTransport: (siteDigest: string) => `${QUEUE_PREFIX}:agent-transport:${siteDigest}`,
  pairing: (siteDigest: string) => `${QUEUE_PREFIX}:pairing:${siteDigest}`,
  /** Set by `POST /jobs/{id}/cancel`, read by the engine at every checkpoint and heartbeat. */
  cancel: (jobId: string) => `${QUEUE_PREFIX}:cancel:${jobId}`,
  /** What the last sweep saw, as `SweepFigures`. */
  sweepFigures: `${QUEUE_PREFIX}:sweep-figures`,
  /** A person's session at the web page and the board of queues. */
  session: (digest: string) => `${QUEUE_PREFIX}:session:${digest}`,
} as const;
