import { parseArgs } from 'node:util';
import { KeyLimits, OWNER_SCOPES, SCOPES, type Scope } from '@wcr/shared/contracts/access';
import { z } from 'zod';
import { KEY_NAME, KEY_OWNER, type ListedKey, type NewKey } from './stored-keys.ts';

export const USAGE = `Usage: keys <command>

  create --name <name> [options]   make a key; it is printed once and stored nowhere
    --scope <scope>                what it may do; may be given several times
    --owner <owner>                whose things it sees: the owner of the key it replaces; a new owner without it
    --max-clones <n>               most clones of the owner at a time
    --requests-per-minute <n>
    --enqueues-per-hour <n>        clones, restores and retries; 0 is no limit, without one the service's default counts
    --expires <n>d|h               days or hours until it ends
  list                             every key, and when it was used last
  revoke <id>                      end a key at once
  --json                           answer in JSON

Scopes: ${SCOPES.join(' ')}
Without --scope a key has ${OWNER_SCOPES.join(' ')}.`;

export type KeysCommand =
  | { readonly verb: 'create'; readonly wanted: NewKey; readonly json: boolean }
  | { readonly verb: 'list'; readonly json: boolean }
  | { readonly verb: 'revoke'; readonly id: string; readonly json: boolean };

const HOUR_MS = 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS };

const options = {
  name: { type: 'string' },
  scope: { type: 'string', multiple: true },
  owner: { type: 'string' },
  'max-clones': { type: 'string' },
  'requests-per-minute': { type: 'string' },
  'enqueues-per-hour': { type: 'string' },
  expires: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

/** Reads the command line. @param nowMs milliseconds since the epoch @throws Error that says what is wrong */
export function parseKeysCommand(args: readonly string[], nowMs: number): KeysCommand {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [verb, id, ...rest] = positionals;
  const json = values.json ?? false;
  if (rest.length === 0 && verb === 'revoke' && id !== undefined) return { verb, id, json };
  if (id === undefined && verb === 'list') return { verb, json };
  if (id === undefined && verb === 'create') return { verb, wanted: readWanted(values, nowMs), json };
  throw new Error(USAGE);
}

function readWanted(values: Values, nowMs: number): NewKey {
  const { name = '', owner, scope = [...OWNER_SCOPES] } = values;
  if (!KEY_NAME.test(name)) throw new Error('--name must be 1 to 64 letters, digits, spaces or . _ @ -');
  if (owner !== undefined && !KEY_OWNER.test(owner)) throw new Error('--owner must be the owner of a key, see list');
  const limits = KeyLimits.parse({
    maxClones: readCount(values, 'max-clones'),
    requestsPerMinute: readCount(values, 'requests-per-minute'),
    enqueuesPerHour: readCount(values, 'enqueues-per-hour'),
  });
  return { name, owner, scopes: scope.map(readScope), limits, expiresAt: readExpiry(values.expires, nowMs) };
}

function readScope(text: string): Scope {
  const scope = SCOPES.find((known) => known === text);
  if (scope === undefined) throw new Error(`There is no scope ${text}; there are: ${SCOPES.join(' ')}`);
  return scope;
}

function readCount(values: Values, option: 'max-clones' | 'requests-per-minute' | 'enqueues-per-hour'): number | undefined {
  const text = values[option];
  if (text !== undefined && !/^\d{1,9}$/.test(text)) throw new Error(`--${option} must be a whole number`);
  return text === undefined ? undefined : z.coerce.number().parse(text);
}

function readExpiry(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (count === undefined) throw new Error('--expires must be like 30d or 12h');
  return nowMs + Number(count) * (UNIT_MS[unit] ?? HOUR_MS);
}

/** The keys as a table for people. */
export function renderKeys(keys: readonly ListedKey[]): string {
  const head = ['ID', 'NAME', 'OWNER', 'SCOPES', 'LIMITS', 'EXPIRES', 'LAST USED'];
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.owner,
    describeScopes(key.scopes),
    describeLimits(key.limits),
    isoOf(key.expiresAt) ?? 'never',
    key.lastUsedAt === undefined ? 'never' : `${isoOf(key.lastUsedAt)} ${key.lastUsedFrom}`,
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function describeScopes(scopes: readonly string[]): string {
  const isOwner = scopes.length === OWNER_SCOPES.length && OWNER_SCOPES.every((scope) => scopes.includes(scope));
  return isOwner ? 'all of its owner' : scopes.join(',');
}

function describeLimits({ maxClones, requestsPerMinute, enqueuesPerHour }: KeyLimits): string {
  const parts = [
    maxClones === undefined ? [] : [`clones=${maxClones}`],
    requestsPerMinute === undefined ? [] : [`requests=${requestsPerMinute}/min`],
    enqueuesPerHour === undefined ? [] : [`enqueues=${enqueuesPerHour}/h`],
  ].flat();
  return parts.join(',') || 'default';
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z');
}
