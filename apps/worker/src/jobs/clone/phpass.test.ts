import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { hashPassword } from './phpass.ts';

const CHECK = `require '/usr/share/wordpress/wp-includes/class-phpass.php';
  $hasher = new PasswordHash( 8, true );
  echo $hasher->CheckPassword( $argv[1], $argv[2] ) ? 'yes' : 'no';`;

it('makes hashes that WordPress’s own checker accepts, and only for the right password', () => {
  const hash = hashPassword('grüße-§-1');
  const check = (password: string) => spawnSync('php', ['-r', CHECK, '--', password, hash], { encoding: 'utf8' }).stdout;
  expect(check('grüße-§-1')).toBe('yes');
  expect(check('grüße-§-2')).toBe('no');
});

it('never makes the same hash twice', () => {
  expect(hashPassword('secret')).not.toBe(hashPassword('secret'));
});
