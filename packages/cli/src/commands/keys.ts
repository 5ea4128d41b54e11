import { InvalidArgumentError } from '@commander-js/extra-typings';
import { OWNER_SCOPES, SCOPES } from '@wcr/shared/contracts/access';
import type { KeyView } from '../api/key-calls.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../terminal/terminal.ts';
import type { Cli } from './cli.ts';
import { duration, wholeNumber } from './options.ts';

const MINUTE_MS = 60_000;

/** `keys`: API keys of the service; needs a key with the scope `admin`. */
export function addKeys({ program, run }: Cli): void {
  const keys = program.command('keys').description('list, make and revoke API keys; needs a key with the scope admin');
  keys
    .command('list', { isDefault: true })
    .description('every key, and when it was used last')
    .action((_options, self) =>
      run(self, async (session) => {
        const found = await session.api.keys.list();
        session.answer({ keys: found }, renderKeys(found));
        return EXIT.done;
      }),
    );
  keys
    .command('create')
    .description('make a key; it is printed once and stored nowhere')
    .requiredOption('--name <name>', 'what it is for')
    .option('--scope <scope...>', `what it may do: ${SCOPES.join(' ')}; without it everything of its owner`, scopes)
    .option('--owner <owner>', 'whose things it sees: the owner of the key it replaces; a new owner without it')
    .option('--max-clones <n>', 'most clones of the owner at a time; 0 for any number', wholeNumber)
    .option('--requests-per-minute <n>', '0 for any number', wholeNumber)
    .option('--enqueues-per-hour <n>', 'clones, restores and retries; 0 for any number', wholeNumber)
    .option('--expires <duration>', 'how long it is good, e.g. 12h, 90d', duration)
    .action(({ name, scope, owner, expires, ...limits }, self) =>
      run(self, async (session) => {
        const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires * MINUTE_MS).toISOString();
        const { key, details } = await session.api.keys.create({ name, scopes: scope, owner, limits, expiresAt });
        session.note(`Made ${details.id} of the owner ${details.owner}. The key is shown now and never again:`);
        session.answer({ key, details }, key);
        return EXIT.done;
      }),
    );
  keys
    .command('revoke')
    .description('end a key at once')
    .argument('<key>', 'id of a key, see list')
    .action((keyId, _options, self) =>
      run(self, async (session) => {
        await session.api.keys.revoke(keyId);
        session.answer({ revoked: keyId }, `Revoked ${keyId}.`);
        return EXIT.done;
      }),
    );
}

function scopes(scope: string, before: readonly string[] = []): string[] {
  if (!SCOPES.some((known) => known === scope)) throw new InvalidArgumentError(`There are: ${SCOPES.join(' ')}.`);
  return [...before, scope];
}

function renderKeys(keys: readonly KeyView[]): string {
  const rows = keys.map(({ id, name, owner, scopes: allowed, limits, expiresAt, lastUsedAt, lastUsedFrom }) => {
    const isOwners = allowed.length === OWNER_SCOPES.length && OWNER_SCOPES.every((scope) => allowed.includes(scope));
    const limited = Object.entries(limits).map(([limit, most]) => `${limit}=${most}`);
    const use = lastUsedAt === undefined ? 'never' : `${lastUsedAt} ${lastUsedFrom ?? ''}`;
    return [
      id,
      name,
      owner,
      isOwners ? 'all of its owner' : allowed.join(','),
      limited.join(',') || 'default',
      expiresAt ?? 'never',
      use,
    ];
  });
  return table(['ID', 'NAME', 'OWNER', 'SCOPES', 'LIMITS', 'EXPIRES', 'LAST USED'], rows);
}
