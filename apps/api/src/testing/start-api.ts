import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OWNER_SCOPES } from '@wcr/shared/contracts/access';
import { type RedisService, startRedis } from '@wcr/stack/services/redis';
import { type Logger, pino } from 'pino';
import { createKey, type NewKey } from '../access/stored-keys.ts';
import { createApp } from '../app.ts';
import { type ApiConfig, readApiConfig } from '../config/api-config.ts';
import { type ApiDeps, createDeps } from '../deps.ts';

export const ALICE = 'alice-key-0123456789';
export const BOB = 'bob-key-0123456789';
export const ROOT = 'root-key-0123456789';

export type TestApi = AsyncDisposable & {
  readonly redis: RedisService;
  /** Where that Redis lives; removed at the end. */
  readonly dir: string;
  readonly deps: ApiDeps;
  readonly logLines: readonly string[];
  /** A call as a client makes it; `body` is sent as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
};
export type CallOptions = {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Address of the caller; this machine when not given. */
  readonly peer?: string;
};

/** The environment of an API under test. */
export function testEnv(redisUrl: string): Record<string, string> {
  return {
    WCR_REDIS_URL: redisUrl,
    WCR_SECRETS_KEY: 'ab'.repeat(32),
    WCR_CLONES_URL: 'http://clones.example',
    WCR_API_KEYS: `alice:${ALICE},bob:${BOB},root:${ROOT}:admin`,
    WCR_MAX_TTL_MINUTES: '600',
    WCR_MAX_EVENT_STREAMS: '5',
  };
}

/** An API with a Redis of its own. @param now its clock, in milliseconds since the epoch */
export async function startTestApi(env: Record<string, string> = {}, now: () => number = Date.now): Promise<TestApi> {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-api-test-'));
  const redis = await startRedis({ dir });
  const config: ApiConfig = readApiConfig({ ...testEnv(redis.url), ...env });
  const logLines: string[] = [];
  const logger: Logger = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  const deps = createDeps(config, logger, now);
  const app = createApp(deps);
  await untilReady(deps);
  return {
    redis,
    dir,
    deps,
    logLines,
    call: async (method, path, options = {}) => app.request(path, requestInit(method, options), connectionFrom(options.peer)),
    async [Symbol.asyncDispose]() {
      deps.close();
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Makes a key as the command does. */
export async function makeKey(
  { deps }: TestApi,
  wanted: Partial<NewKey> = {},
): Promise<{ key: string; id: string; owner: string }> {
  const scopes = wanted.scopes ?? OWNER_SCOPES;
  const made = { redis: deps.redis, now: deps.now, auditEntries: deps.config.auditEntries, host: 'test' };
  const { key, stored } = await createKey(made, { name: 'test', limits: {}, ...wanted, scopes });
  return { key, id: stored.id, owner: stored.owner };
}

/** Waits until the API's connection to Redis stands. */
export async function untilReady({ redis }: Pick<ApiDeps, 'redis'>): Promise<void> {
  if (redis.status !== 'ready') await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
}

/** What the server adds to a request that came over a connection. */
export function connectionFrom(peer = '127.0.0.1'): object {
  return { incoming: { socket: { remoteAddress: peer } } };
}

function requestInit(method: string, { key = ALICE, body, headers, signal }: CallOptions): RequestInit {
  return {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
}
