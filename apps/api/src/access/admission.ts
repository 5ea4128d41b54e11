import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '@wcr/shared/contracts/audit';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { AuditLog, OpenEvent } from '../audit/audit-log.ts';
import { type ApiConfig, hashApiKey } from '../config/api-config.ts';
import { networkOf } from '../http/client-address.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { runScript } from '../queue/run-script.ts';
import { ADMIT } from './admission-script.ts';
import { type Caller, findBootstrapKey, parseStoredKey } from './api-keys.ts';
import { type Quota, readQuotas } from './quotas.ts';
import type { RouteRule } from './route-rules.ts';

/** A key as the client sent it; or the digest of the one a session was begun with, which cannot be a guess. */
export type Credential = { readonly key: string } | { readonly digest: string };

/** What is asked of a key. */
export type Knock = {
  readonly credential: Credential;
  readonly rule: RouteRule;
  readonly address: string;
  readonly requestId: string;
  /** What the address of the call names, for the audit log. */
  readonly record?: string | undefined;
};

export type Admitted = {
  readonly caller: Caller;
  /** To be settled when the call has ended; absent when nothing of it goes to the audit log. */
  readonly event: OpenEvent | undefined;
};

export type Admission = {
  /**
   * Lets a known key pass within its limits, and writes down what is going to be done. An unknown one counts as a failed login
   * of its address if it was sent; if a session remembers it, it was revoked, which is nobody's failure.
   * @param onQuotas told of the limits also when they refuse
   * @throws AppError `auth.invalid`, `auth.expired`, `auth.too_many_failures`, `rate.limited`, `queue.unavailable`
   */
  admit(knock: Knock, onQuotas?: (quotas: readonly Quota[]) => void): Promise<Admitted>;
  /** Aborts soon after the caller's key was revoked or has expired. @param until ends the watch */
  watchKey(caller: Caller, until: AbortSignal): AbortSignal;
};

type Deps = {
  readonly redis: Redis;
  readonly audit: AuditLog;
  readonly config: Pick<
    ApiConfig,
    'apiKeys' | 'keyRequestsPerMinute' | 'keyEnqueuesPerHour' | 'authFailuresPerMinute' | 'auditEntries'
  >;
  readonly now: () => number;
  /** How often a key is looked at again while a stream is open. */
  readonly recheckMs?: number;
};

const RECHECK_MS = 10_000;
const WORDS = { requests: 'requests a minute', enqueues: 'clones, restores and retries an hour' } as const;

const Reply = z.tuple([z.enum(['blocked', 'unknown', 'expired', 'limited', 'admitted']), z.string()], z.number());
type Reply = z.infer<typeof Reply>;

/** Decides on every request that brings an API key, or a session that was begun with one. A revoked key is refused from the next request on. */
export function createAdmission(deps: Deps): Admission {
  return {
    async admit(knock, onQuotas) {
      const digest = 'key' in knock.credential ? hashApiKey(knock.credential.key) : knock.credential.digest;
      const bootstrap = findBootstrapKey(deps.config.apiKeys, digest);
      const eventId = randomUUID();
      const reply = await ask(deps, knock, { digest, bootstrap, eventId });
      assertKnown(deps, knock, reply);
      const [, text, ...figures] = reply;
      const quotas = readQuotas(figures);
      onQuotas?.(quotas);
      const limiting = quotas.find(({ waitMs }) => waitMs > 0);
      if (limiting) throw waitFor('rate.limited', limiting.waitMs, { limit: limiting.limit, what: WORDS[limiting.name] });
      const caller: Caller = bootstrap ?? { ...parseStoredKey(text), digest };
      return { caller, event: openEvent(deps, knock, { id: eventId, caller, quotas }) };
    },
    watchKey: (caller, until) => watchKey(deps, caller, until),
  };
}

type Asked = { readonly digest: string; readonly bootstrap: object | undefined; readonly eventId: string };

async function ask(deps: Deps, knock: Knock, { digest, bootstrap, eventId }: Asked): Promise<Reply> {
  const { config, now } = deps;
  const { rule, address, credential } = knock;
  const event = rule.action === undefined ? '' : JSON.stringify(begunEvent(deps, knock));
  const keys = [
    ...[redisKeys.apiKeys, redisKeys.apiKeyUses, redisKeys.authFailures(networkOf(address))],
    ...[redisKeys.auditOpen, redisKeys.audit],
  ];
  const args = [
    ...[digest, String(now()), address, String(config.authFailuresPerMinute), bootstrap ? JSON.stringify(bootstrap) : ''],
    ...[redisKeys.rate(''), String(config.keyRequestsPerMinute), String(config.keyEnqueuesPerHour), rule.enqueues ? '1' : ''],
    ...[eventId, event, JSON.stringify(failedEvent(deps, knock)), String(config.auditEntries)],
    ...['key' in credential ? '1' : '', rule.isUnlimited ? '1' : ''],
  ];
  return Reply.parse(await viaRedis(() => runScript(deps.redis, ADMIT, keys, args)));
}

/** @throws AppError `auth.invalid`, `auth.expired`, `auth.too_many_failures` */
function assertKnown(deps: Deps, knock: Knock, [verdict, text, ...figures]: Reply): void {
  if (verdict === 'blocked') throw waitFor('auth.too_many_failures', figures[0] ?? 0);
  if (verdict !== 'unknown' && verdict !== 'expired') return;
  if ('key' in knock.credential) deps.audit.note(failedEvent(deps, knock));
  throw verdict === 'unknown' ? new AppError('auth.invalid') : expiredError(text);
}

function beginOf({ now }: Deps, { address, requestId }: Knock) {
  return { at: now(), address, requestId };
}

/** What the script stores; it knows who the actor is. */
function begunEvent(deps: Deps, knock: Knock) {
  return { ...beginOf(deps, knock), action: knock.rule.action, record: knock.record };
}

function failedEvent(deps: Deps, knock: Knock): AuditEvent {
  return { ...beginOf(deps, knock), action: 'auth.failed', outcome: 'refused' };
}

function openEvent(
  deps: Deps,
  knock: Knock,
  { id, caller, quotas }: { id: string; caller: Caller; quotas: readonly Quota[] },
): OpenEvent | undefined {
  const { action } = knock.rule;
  if (action === undefined) return undefined;
  const enqueues = quotas.find(({ name }) => name === 'enqueues');
  return {
    id,
    begun: { ...beginOf(deps, knock), action, record: knock.record, actor: { id: caller.id, name: caller.name } },
    refund: enqueues && { bucket: `${caller.id}:${enqueues.name}`, ms: (enqueues.windowSeconds * 1000) / enqueues.limit },
  };
}

function expiredError(text: string): AppError {
  return new AppError('auth.expired', { expiredAt: new Date(parseStoredKey(text).expiresAt ?? 0).toISOString() });
}

function waitFor(code: 'auth.too_many_failures' | 'rate.limited', ms: number, detail: object = {}): AppError {
  return new AppError(code, { ...detail, retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)) });
}

function watchKey({ redis, now, recheckMs = RECHECK_MS }: Deps, caller: Caller, until: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const { digest, expiresAt = Number.POSITIVE_INFINITY } = caller;
  if (digest === undefined) return ended.signal;
  const look = async () => {
    const isThere = (await redis.hexists(redisKeys.apiKeys, digest)) === 1;
    if (!isThere || expiresAt <= now()) ended.abort();
  };
  // While Redis is away nothing can be told, and the stream has no news either.
  const timer = setInterval(() => void look().catch(() => undefined), recheckMs).unref();
  until.addEventListener('abort', () => clearInterval(timer), { once: true });
  return ended.signal;
}
