import { z } from 'zod';
import { CloneId } from '../domain/clone-id.ts';

/** What the clone queue carries. Never a secret: `secretRef` names the sealed `SourceSecrets`. */
export const CloneInput = z.object({
  cloneId: CloneId,
  source: z.object({ url: z.string(), loginUrl: z.string().optional() }),
  /** Names the sealed secrets under which the source is reached; absent once they were forgotten. */
  secretRef: z.string(),
  name: z.string().optional(),
  /** Id of the API key that asked. */
  owner: z.string(),
  ttlMinutes: z.number().int().positive(),
  /** Paths (relative to the site root, trailing `*` allowed) and tables that are not copied. */
  exclude: z.object({ paths: z.array(z.string()), tables: z.array(z.string()) }).optional(),
  requestedAt: z.number(),
  requestId: z.string().optional(),
});
export type CloneInput = z.infer<typeof CloneInput>;

/** The secrets a clone needs to reach its source; sealed, under a TTL, deleted when the job ends. */
export const SourceSecrets = z.object({
  username: z.string().optional(),
  password: z.string().optional(),
  pairingKey: z.string().optional(),
  httpAuth: z.object({ username: z.string(), password: z.string() }).optional(),
});
export type SourceSecrets = z.infer<typeof SourceSecrets>;

export const CloneOutput = z.object({
  cloneId: CloneId,
  url: z.string(),
  tables: z.number(),
  rows: z.number(),
  files: z.number(),
  bytes: z.number(),
  warnings: z.array(z.string()),
});
export type CloneOutput = z.infer<typeof CloneOutput>;

export const ExpireInput = z.object({
  cloneId: CloneId,
  reason: z.enum(['expired', 'deleted', 'failed', 'orphaned']),
  /** Id of the API key that asked; absent when the system itself did. */
  owner: z.string().optional(),
  requestId: z.string().optional(),
});
export type ExpireInput = z.infer<typeof ExpireInput>;

/** A new expiry for a clone, earlier or later than the present one. */
export const ExtendInput = z.object({
  cloneId: CloneId,
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
  /** Orders two changes of one clone: the later request wins, whichever runs last. */
  requestedAt: z.number(),
  owner: z.string(),
  requestId: z.string().optional(),
});
export type ExtendInput = z.infer<typeof ExtendInput>;

export const SweepInput = z.object({});
export type SweepInput = z.infer<typeof SweepInput>;

/** What a job shows while it runs; BullMQ's `progress`. */
export const JobProgress = z.object({
  step: z.string(),
  /** 1-based position of the step and how many there are. */
  stepNumber: z.number(),
  stepCount: z.number(),
  done: z.number().optional(),
  total: z.number().optional(),
  bytes: z.number().optional(),
  totalBytes: z.number().optional(),
  message: z.string().optional(),
  at: z.number(),
});
export type JobProgress = z.infer<typeof JobProgress>;

/** The stored form of a job's failure, as BullMQ's `failedReason`: code and safe text only. */
export const JobFailure = z.object({ code: z.string(), message: z.string(), hint: z.string(), step: z.string().optional() });
export type JobFailure = z.infer<typeof JobFailure>;
