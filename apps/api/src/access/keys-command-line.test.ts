import { OWNER_SCOPES } from '@wcr/shared/contracts/access';
import { describe, expect, it } from 'vitest';
import { parseKeysCommand, renderKeys, USAGE } from './keys-command-line.ts';

const NOW = Date.parse('2030-01-31T12:00:00Z');
const parse = (line: string) => parseKeysCommand(line.split(' ').filter(Boolean), NOW);

describe('the command for keys', () => {
  it('makes a key with every scope of an owner and the service’s limits, unless told otherwise', () => {
    expect(parse('create --name ci')).toEqual({
      verb: 'create',
      json: false,
      wanted: { name: 'ci', owner: undefined, scopes: OWNER_SCOPES, limits: {}, expiresAt: undefined },
    });
    const line =
      'create --name ci --scope clones:read --scope jobs:read --owner key_1 --max-clones 3 --enqueues-per-hour 0 --expires 30d --json';
    expect(parse(line)).toMatchObject({
      json: true,
      wanted: {
        owner: 'key_1',
        scopes: ['clones:read', 'jobs:read'],
        limits: { maxClones: 3, enqueuesPerHour: 0 },
        expiresAt: Date.parse('2030-03-02T12:00:00Z'),
      },
    });
  });

  it.each([
    ['create', '--name must be'],
    ['create --name a:b', '--name must be'],
    ['create --name ci --scope clones:paint', 'There is no scope clones:paint; there are: clones:read'],
    ['create --name ci --max-clones many', '--max-clones must be a whole number'],
    ['create --name ci --max-clones -3', '--max-clones'],
    ['create --name ci --expires tomorrow', '--expires must be like 30d'],
    ['create --name ci --expires 0d', '--expires must be like 30d'],
    ['create --name ci --colour red', '--colour'],
    ['revoke', USAGE],
    ['revoke one two', USAGE],
    ['list all', USAGE],
    ['', USAGE],
  ])('refuses "%s" and says what is wrong', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it('shows keys as a table', () => {
    const key = { id: 'key_1', name: 'ci', owner: 'key_1', createdAt: NOW, from: 'command' as const };
    const table = renderKeys([
      { ...key, scopes: [...OWNER_SCOPES], limits: { maxClones: 3 }, lastUsedAt: NOW, lastUsedFrom: '::1' },
      { ...key, id: 'ops', scopes: ['admin'], limits: {}, expiresAt: NOW },
    ]);
    expect(table.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'NAME', 'OWNER', 'SCOPES', 'LIMITS', 'EXPIRES', 'LAST USED'],
      ['key_1', 'ci', 'key_1', 'all of its owner', 'clones=3', 'never', '2030-01-31T12:00:00Z ::1'],
      ['ops', 'ci', 'key_1', 'admin', 'default', '2030-01-31T12:00:00Z', 'never'],
    ]);
  });
});
