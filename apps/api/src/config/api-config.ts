import { createHash } from 'node:crypto';
import { commonConfig } from '@wcr/shared/config/common-config';
import { type Config, type ConfigDefinition, envSchemas, parseEnv } from '@wcr/shared/config/parse-env';
import { OWNER_SCOPES, type Scope } from '@wcr/shared/contracts/access';
import { z } from 'zod';

/** A key that exists because the environment says so. Only its digest is kept. */
export type BootstrapKey = { readonly name: string; readonly hash: string; readonly scopes: readonly Scope[] };

const KEY_ENTRY = /^([a-z0-9][a-z0-9-]{0,31}):([\x21-\x2b\x2d-\x39\x3b-\x7e]{16,128})(?::(admin))?$/;

const bootstrapKeys = z
  .string()
  .default('')
  .transform((text, context): BootstrapKey[] => {
    const keys = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map(parseKeyEntry);
    const known = keys.filter((key) => key !== undefined);
    const names = new Set(known.map((key) => key.name));
    if (known.length < keys.length || names.size < known.length) {
      context.addIssue({
        code: 'custom',
        message: 'each entry is name:key or name:key:admin, names differ, keys have 16 to 128 characters without comma and colon',
      });
    }
    return known;
  });

/** Everything the API reads from its environment. */
export const apiConfig = {
  ...commonConfig,
  port: { env: 'WCR_API_PORT', doc: 'Port the API listens on; 0 picks a free one.', schema: envSchemas.port.default(8080) },
  host: { env: 'WCR_API_HOST', doc: 'Address the API listens on.', schema: z.string().default('127.0.0.1') },
  publicUrl: {
    env: 'WCR_API_URL',
    doc: 'Address under which clients reach the API; without it, answers name paths only.',
    schema: z.url().optional(),
  },
  apiKeys: {
    env: 'WCR_API_KEYS',
    doc: 'API keys that exist from the start, for their own things: name:key,name:key; with a third part ":admin" for everything.',
    schema: bootstrapKeys,
  },
  metricsToken: {
    env: 'WCR_METRICS_TOKEN',
    doc: 'Bearer token that GET /metrics asks for; without it, only callers on the same machine may read /metrics.',
    schema: z.string().min(16).optional(),
  },
  webPage: {
    env: 'WCR_WEB_PAGE',
    doc: 'Whether there is a web page for people at /: on or off.',
    schema: z.enum(['on', 'off']).default('on'),
  },
  queueBoard: {
    env: 'WCR_QUEUE_BOARD',
    doc: 'Whether there is a board of the queues at /admin/queues: on or off.',
    schema: z.enum(['on', 'off']).default('on'),
  },
  maxTtlMinutes: {
    env: 'WCR_MAX_TTL_MINUTES',
    doc: 'Longest life of a clone, in minutes.',
    schema: envSchemas.count.min(1).default(10_080),
  },
  maxClones: {
    env: 'WCR_MAX_CLONES',
    doc: 'Most clones there may be at a time, e.g. what a load balancer has routes for; 0 for any number.',
    schema: envSchemas.count.default(0),
  },
  keyMaxClones: {
    env: 'WCR_KEY_MAX_CLONES',
    doc: 'Most clones the owner of an API key may have at a time; 0 for any number. A key may have limits of its own.',
    schema: envSchemas.count.default(0),
  },
  keyRequestsPerMinute: {
    env: 'WCR_KEY_REQUESTS_PER_MINUTE',
    doc: 'Requests an API key may make a minute, all at once or spread out; 0 for any number.',
    schema: envSchemas.count.default(1_200),
  },
  keyEnqueuesPerHour: {
    env: 'WCR_KEY_ENQUEUES_PER_HOUR',
    doc: 'Clones, restores and retries an API key may ask for in an hour; 0 for any number.',
    schema: envSchemas.count.default(600),
  },
  authFailuresPerMinute: {
    env: 'WCR_AUTH_FAILURES_PER_MINUTE',
    doc: 'Unknown API keys that may come from one address in a minute before it has to wait.',
    schema: envSchemas.count.min(1).default(30),
  },
  trustedProxyHops: {
    env: 'WCR_TRUSTED_PROXY_HOPS',
    doc: 'Proxies in front of the API that each add an address to X-Forwarded-For; with 0 that header is not believed.',
    schema: envSchemas.count.default(0),
  },
  auditEntries: {
    env: 'WCR_AUDIT_ENTRIES',
    doc: 'About how many entries of the audit log are kept.',
    schema: envSchemas.count.min(1).default(100_000),
  },
  maxEventStreams: {
    env: 'WCR_MAX_EVENT_STREAMS',
    doc: 'How many event streams of jobs one process keeps open.',
    schema: envSchemas.count.default(500),
  },
  shutdownSeconds: {
    env: 'WCR_SHUTDOWN_SECONDS',
    doc: 'How long a stopping API waits for open requests.',
    schema: envSchemas.count.default(15),
  },
} as const satisfies ConfigDefinition;

export type ApiConfig = Config<typeof apiConfig>;

/** @throws Error that names each variable that is missing or wrong, without its value. */
export function readApiConfig(env: Readonly<Record<string, string | undefined>>): ApiConfig {
  return parseEnv(apiConfig, env);
}

/** The stored form of an API key: lower-case hex SHA-256. Keys are random, so a slow hash would add nothing. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function parseKeyEntry(entry: string): BootstrapKey | undefined {
  const [, name, key, scope] = KEY_ENTRY.exec(entry) ?? [];
  if (name === undefined || key === undefined) return undefined;
  return { name, hash: hashApiKey(key), scopes: scope === undefined ? OWNER_SCOPES : ['admin'] };
}
