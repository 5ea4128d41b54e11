import { expect, it } from 'vitest';
import { findSecrets } from './secret-search.ts';

const SECRET = 'Süß/& "geheim"+<1>';
const base64 = (prefix: string) => Buffer.from(`${prefix}${SECRET}, and more`).toString('base64');

it.each([
  ['as it is', `before ${SECRET} after`],
  ['in JSON', JSON.stringify({ password: SECRET })],
  ['in JSON as PHP writes it', JSON.stringify({ password: SECRET }).replaceAll('/', '\\/')],
  ['in JSON inside of JSON', JSON.stringify({ failure: JSON.stringify({ message: SECRET }) })],
  ['in an address', `https://shop.example/?p=${encodeURIComponent(SECRET)}`],
  ['in a form', new URLSearchParams({ pwd: SECRET }).toString()],
  ['in HTML', '<b>Süß/&amp; &quot;geheim&quot;+&lt;1&gt;</b>'],
  ['in hex', Buffer.from(`x${SECRET}y`).toString('hex')],
  ['in base64', base64('')],
  ['in base64 behind one byte', base64('a')],
  ['in base64 behind two bytes', base64('ab')],
  ['in base64 of addresses', Buffer.from(`user:${SECRET}`).toString('base64url')],
])('a secret is found %s', (_, text) => {
  expect(findSecrets(text, { it: SECRET, another: 'not-in-there' })).toEqual(['it']);
});

it('half a secret is none', () => {
  expect(findSecrets(SECRET.slice(1), { it: SECRET })).toEqual([]);
});
