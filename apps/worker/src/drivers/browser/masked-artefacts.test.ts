import { expect, test } from 'vitest';
import { maskHtml } from './masked-artefacts.ts';

test('values, keys, nonces and the given secrets are not in a kept page, its structure is', () => {
  const key = 'ab12'.repeat(16);
  const html = `<form id="loginform"><input id="user_login" value="anna"><input type=hidden name=_wpnonce value=0123456789>
    <a href="?_wpnonce=abcdef0123&x=1">x</a><textarea>my words</textarea><p>Hello anna, a&amp;b</p>
    <code data-wcr-pairing-key="${key}">${key}</code><script>{"nonce":"fedcba9876"}</script></form>`;
  const masked = maskHtml(html, ['anna', 'a&b', '']);
  for (const secret of ['anna', 'a&amp;b', key, '0123456789', 'abcdef0123', 'fedcba9876', 'my words']) {
    expect(masked).not.toContain(secret);
  }
  expect(masked).toContain('<form id="loginform"><input id="user_login" value=');
});
