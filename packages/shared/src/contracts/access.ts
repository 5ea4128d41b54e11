import { z } from 'zod';

/** What a key may be allowed on the things of its own owner. */
export const OWNER_SCOPES = [
  'clones:read',
  'clones:write',
  'credentials:read',
  'restores:read',
  'restores:write',
  'jobs:read',
  'jobs:write',
  'webhooks:write',
] as const;

/** What a key may be allowed on everybody's things: the view of the queues, and with `admin` everything there is. */
const OPERATOR_SCOPES = ['queues:read', 'queues:write', 'admin'] as const;

/** Every scope there is. */
export const SCOPES = [...OWNER_SCOPES, ...OPERATOR_SCOPES] as const;
export type Scope = (typeof SCOPES)[number];

/** Limits of one key; one that is absent is the service's default, 0 is no limit. */
export const KeyLimits = z.object({
  /** Most clones of the key's owner at a time. */
  maxClones: z.number().int().min(0).optional(),
  requestsPerMinute: z.number().int().min(0).optional(),
  /** Clones, restores and retries. */
  enqueuesPerHour: z.number().int().min(0).optional(),
});
export type KeyLimits = z.infer<typeof KeyLimits>;

/** What is stored of an API key, under the SHA-256 of the key itself. */
export const StoredKey = z.object({
  id: z.string(),
  name: z.string(),
  /** Whose clones, restores and jobs the key sees; two keys may act for one owner, e.g. while one replaces the other. */
  owner: z.string(),
  /** Scopes a newer version may know are no error. */
  scopes: z.array(z.string()),
  limits: KeyLimits,
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  expiresAt: z.number().optional(),
});
export type StoredKey = z.infer<typeof StoredKey>;
