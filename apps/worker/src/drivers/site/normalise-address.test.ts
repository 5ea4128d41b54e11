import { expect, test } from 'vitest';
import { normaliseAddress } from './normalise-address.ts';

test.each([
  ['shop.example', 'https://shop.example'],
  ['  http://shop.example/ ', 'http://shop.example'],
  ['https://shop.example/blog/wp-admin/plugins.php?s=1', 'https://shop.example/blog'],
  ['https://shop.example/wp-login.php?redirect_to=x', 'https://shop.example'],
  ['https://shop.example:8443/a/#top', 'https://shop.example:8443/a'],
  ['https://shop.example/index.php', 'https://shop.example'],
])('%s is the site %s', (given, expected) => {
  expect(normaliseAddress(given)).toBe(expected);
});

test.each(['ftp://shop.example', 'https://', 'http://exa mple'])('%s is refused', (given) => {
  expect(() => normaliseAddress(given)).toThrow(expect.objectContaining({ code: 'source.invalid_url' }));
});

test('a login inside the address is refused without repeating it', () => {
  expect(() => normaliseAddress('https://anna:hunter2@shop.example')).toThrow(
    expect.objectContaining({ code: 'source.invalid_url', message: expect.not.stringContaining('hunter2') }),
  );
});
