import { expect, it } from 'vitest';
import { parseNetworkNames } from './network-names.ts';
import { isPublicAddress } from './public-address.ts';

it.each([
  ...['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '255.255.255.255'],
  ...['::1', '::', 'fe80::1', 'fe80::1%eth0', '2606::1%eth0', 'fd00::1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::a00:1'],
  ...['64:ff9b::808:808', '2002:808:808::', '2001:0:808:808::', '168.63.129.16', '127.1', '0x7f000001', 'not an address', ''],
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each([
  ...['93.184.216.34', '172.32.0.1', '100.128.0.1', '192.0.1.1', '168.63.129.17', '223.255.255.255'],
  ...['2606:2800:220:1:248:1893:25c8:1946', '2001:200::1', '::ffff:8.8.8.8'],
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

it('takes networks, addresses and hosts in one list', () => {
  const names = parseNetworkNames('10.20.0.0/16, fd12::/16,::1 , Shop.Intern.Example, *.lab.example,');
  for (const address of ['10.20.255.1', 'fd12:1::', '::1', '::ffff:10.20.0.1']) expect(names.hasAddress(address)).toBe(true);
  for (const address of ['10.21.0.1', 'fd13::', '::2', 'fd12::1%eth0', 'shop.intern.example'])
    expect(names.hasAddress(address)).toBe(false);
  for (const name of ['shop.intern.example', 'a.lab.example', 'a.b.lab.example']) expect(names.hasName(name)).toBe(true);
  for (const name of ['intern.example', 'lab.example', 'evillab.example']) expect(names.hasName(name)).toBe(false);
  expect(parseNetworkNames(' , ').isEmpty).toBe(true);
});

it.each(['10.0.0.0/33', '10.0.0.0/-1', 'http://shop.example', 'shop.example:80', '*', 'a b', '::/129'])(
  'refuses the list %s',
  (text) => {
    expect(() => parseNetworkNames(text)).toThrow(TypeError);
  },
);
