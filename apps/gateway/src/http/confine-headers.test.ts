import { expect, it } from 'vitest';
import { confineHeaders } from './confine-headers.ts';

const confineCookie = (cookie: string): string | undefined => confineHeaders([['Set-Cookie', cookie]], '/c-1/')[0]?.[1];

it.each([
  ['a=b', 'a=b; path=/c-1/'],
  ['a=b; Path=/; HttpOnly', 'a=b; path=/c-1/; HttpOnly'],
  ['a=b; path=/c-1/wp-admin; Secure; SameSite=Lax', 'a=b; path=/c-1/wp-admin; Secure; SameSite=Lax'],
  ['a=b; path=/c-1', 'a=b; path=/c-1'],
  ['a=b; path=/c-10/', 'a=b; path=/c-1/'],
  ['a=b; domain=.example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT', 'a=b; path=/c-1/; expires=Thu, 01 Jan 1970 00:00:00 GMT'],
  ['a=b=c; path=/x; path=/y', 'a=b=c; path=/c-1/'],
])('binds the cookie %s to the clone', (cookie, expected) => {
  expect(confineCookie(cookie)).toBe(expected);
});

it('keeps what belongs to one connection, or to the whole host, to itself', () => {
  const headers: [string, string][] = [
    ['Connection', 'close'],
    ['Transfer-Encoding', 'chunked'],
    ['Clear-Site-Data', '"*"'],
    ['X-Robots-Tag', 'all'],
    ['X-Mine', '1'],
  ];
  expect(confineHeaders(headers, '/c-1/')).toEqual([['X-Mine', '1']]);
});
