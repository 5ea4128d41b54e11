import { describe, expect, it } from 'vitest';
import { createRedact } from './redact.ts';

const redact = createRedact(['the-redis-password', undefined]);
const KEY = 'a1'.repeat(32);

describe('an answer of the board', () => {
  it('loses what stands in fields of telling names, at any depth, and keeps the rest', () => {
    const job = {
      id: 'clone-1',
      data: {
        source: { url: 'https://shop.example', password: 'x', httpAuth: { username: 'u', password: 'y' } },
        secretRef: 'source:1',
      },
      returnValue: [{ credentials: { username: 'admin' }, pairingKey: 'z', rows: 3 }],
      opts: { attempts: 4, token: null },
    };
    expect(redact(job)).toEqual({
      id: 'clone-1',
      data: { source: { url: 'https://shop.example', password: '[secret]', httpAuth: '[secret]' }, secretRef: 'source:1' },
      returnValue: [{ credentials: '[secret]', pairingKey: '[secret]', rows: 3 }],
      opts: { attempts: 4, token: null },
    });
  });

  it('loses the same value where it is told in other words', () => {
    const jobs = {
      data: { password: 'correct horse' },
      failedReason: 'no user with "correct horse"',
      stacktrace: ['correct horse'],
    };
    expect(JSON.stringify(redact(jobs))).not.toContain('correct horse');
  });

  it.each([
    ['cannot reach https://shop:hunter2@shop.example/wp', 'cannot reach https://[secret]@shop.example/wp'],
    ['redis://:the-redis-password@redis:6379', 'redis://[secret]@redis:6379'],
    ['sent Authorization: Bearer abcdefgh.ijk', 'sent Authorization: Bearer [secret]'],
    ['POST /wp-login.php log=admin&pwd=hunter2&rememberme=1', 'POST /wp-login.php log=admin&pwd=[secret]&rememberme=1'],
    ['{"message":"{\\"password\\":\\"hunter2\\"}"}', '{"message":"{\\"password\\":\\"[secret]\\"}"}'],
    [`paired by ${KEY}`, 'paired by [secret]'],
    ['the new one: AbCd 0123 EfGh 4567 IjKl 89ab', 'the new one: [secret]'],
    ['token eyJhbGciOiJIUzI1.eyJzdWIiOiIx.SflKxwRJ', 'token [secret]'],
    ['by the-redis-password', 'by [secret]'],
  ])('%s is shown as %s', (text, shown) => {
    expect(redact(['log', text])).toEqual(['log', shown]);
  });

  it.each([
    'The source rejected the username or password.',
    'Send source.httpAuth {username, password}.',
    'they said that this site does need more time',
    'clone-4f1c2ad09b7e63588d1c4e2f7a90b135: 12 tables, 3 files',
    'https://clones.example/clone-20300131-120000-k3x9/wp-login.php',
  ])('keeps: %s', (text) => {
    expect(redact({ failedReason: text })).toEqual({ failedReason: text });
  });
});
