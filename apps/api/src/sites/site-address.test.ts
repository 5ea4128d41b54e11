import { expect, it } from 'vitest';
import { SiteAddress } from './site-address.ts';

it.each([
  ['https://Shop.Example/', 'https://shop.example'],
  ['  http://shop.example:80/blog//#top ', 'http://shop.example/blog'],
  ['https://shop.example:8443/a/b/', 'https://shop.example:8443/a/b'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['http://[::1]:8080/x', 'http://[::1]:8080/x'],
  ['https://shop.example/login?door=7', 'https://shop.example/login?door=7'],
])('gives %j one spelling', (text, address) => {
  expect(SiteAddress.parse(text)).toBe(address);
  expect(SiteAddress.parse(address)).toBe(address);
});

it.each(['', 'shop', '//shop.example', 'file:///etc/passwd', 'javascript:alert(1)', 'https://', 'https://u@shop.example'])(
  'refuses %j',
  (text) => {
    expect(SiteAddress.safeParse(text).success).toBe(false);
  },
);
