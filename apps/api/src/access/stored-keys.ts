import { randomBytes } from 'node:crypto';
import type { KeyLimits, Scope, StoredKey } from '@wcr/shared/contracts/access';
import type { AuditEvent } from '@wcr/shared/contracts/audit';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { type BootstrapKey, hashApiKey } from '../config/api-config.ts';
import { defineScript, runScript } from '../queue/run-script.ts';
import { describeBootstrapKey, parseStoredKey } from './api-keys.ts';

/** So that a key is recognised where it does not belong: in a commit, a log, a chat. */
const KEY_PREFIX = 'wcr_';
const KEY_BYTES = 24;
export const KEY_NAME = /^[\w.@ -]{1,64}$/;
export const KEY_OWNER = /^[\w-]{1,64}$/;

export type NewKey = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** An owner that is there already, when the key is to replace another one. */
  readonly owner?: string | undefined;
  readonly limits: KeyLimits;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
};
export type ListedKey = StoredKey & {
  readonly from: 'environment' | 'command';
  readonly lastUsedAt?: number | undefined;
  readonly lastUsedFrom?: string | undefined;
};

type Deps = {
  readonly redis: Redis;
  readonly now: () => number;
  readonly auditEntries: number;
  /** Name of the machine the command runs on; undefined when the API is asked, which writes the audit log itself. */
  readonly host: string | undefined;
};

/**
 * KEYS: stored keys, audit log, uses of keys · ARGV: digest, stored key or '' to remove it, event or '', most entries, id of the key
 * Returns 1, or 0 when there was nothing to remove. A change of a key and its entry in the log are one step.
 */
const CHANGE_KEY = defineScript(`
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
elseif redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
else
  redis.call('HDEL', KEYS[3], ARGV[5])
end
if ARGV[3] ~= '' then redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'event', ARGV[3]) end
return 1`);

/** Makes a key. @returns what is stored, and the key itself: it is stored nowhere and cannot be read again */
export async function createKey(deps: Deps, wanted: NewKey): Promise<{ key: string; stored: StoredKey }> {
  const id = `key_${randomBytes(6).toString('hex')}`;
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const { name, scopes, owner = id, limits, expiresAt } = wanted;
  const stored: StoredKey = { id, name, owner, scopes: [...scopes], limits, createdAt: deps.now(), expiresAt };
  await changeKey(deps, { digest: hashApiKey(key), stored: JSON.stringify(stored), id, action: 'key.create' });
  return { key, stored };
}

/** Removes a stored key; requests with it are refused from then on. False when there is none of this id. */
export async function revokeKey(deps: Deps, id: string): Promise<boolean> {
  const stored = Object.entries(await deps.redis.hgetall(redisKeys.apiKeys));
  const found = stored.find(([, text]) => parseStoredKey(text).id === id);
  return found !== undefined && changeKey(deps, { digest: found[0], stored: '', id, action: 'key.revoke' });
}

/** Every key there is, those of the environment first, then by age. */
export async function listKeys({ redis }: Pick<Deps, 'redis'>, bootstrap: readonly BootstrapKey[]): Promise<ListedKey[]> {
  const [stored, uses] = await Promise.all([redis.hvals(redisKeys.apiKeys), redis.hgetall(redisKeys.apiKeyUses)]);
  const made = stored.map((text) => ({ ...parseStoredKey(text), from: 'command' as const }));
  const given = bootstrap.map((key) => ({ ...describeBootstrapKey(key), from: 'environment' as const }));
  return [...given, ...made.sort((a, b) => a.createdAt - b.createdAt)].map((key) => ({ ...key, ...readUse(uses[key.id]) }));
}

type KeyChange = { digest: string; stored: string; id: string; action: 'key.create' | 'key.revoke' };

async function changeKey(deps: Deps, { digest, stored, id, action }: KeyChange): Promise<boolean> {
  const event = deps.host === undefined ? '' : JSON.stringify(eventOf(deps.now(), { action, id, host: deps.host }));
  const keys = [redisKeys.apiKeys, redisKeys.audit, redisKeys.apiKeyUses];
  const args = [digest, stored, event, String(deps.auditEntries), id];
  return (await runScript(deps.redis, CHANGE_KEY, keys, args)) === 1;
}

function eventOf(at: number, { action, id, host }: Pick<KeyChange, 'action' | 'id'> & { host: string }): AuditEvent {
  return { at, action, actor: { id: 'command', name: 'command' }, record: id, address: host, outcome: 'done' };
}

/** As the admission script writes it: the time, a space, the address. */
function readUse(use: string | undefined): Pick<ListedKey, 'lastUsedAt' | 'lastUsedFrom'> {
  if (use === undefined) return {};
  const [at, from] = use.split(' ', 2);
  return { lastUsedAt: Number(at), lastUsedFrom: from };
}
