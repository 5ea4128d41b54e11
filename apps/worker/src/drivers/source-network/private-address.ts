import { BlockList, isIP } from 'node:net';

/** Networks that are no part of the public internet (IANA special-purpose registries). */
const PRIVATE_NETWORKS: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

/** IPv6 networks that carry an IPv4 address in their last 32 bits; it may be a private one. */
const TRANSLATING_NETWORKS: readonly (readonly [network: string, prefix: number])[] = [['64:ff9b::', 96]];

const blocked = listOf([...PRIVATE_NETWORKS, ...TRANSLATING_NETWORKS]);

/** True for loopback, link-local, private and reserved addresses; IPv4 in IPv6 counts as the IPv4 address. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  // An unknown form is none of the public addresses we know.
  if (family === 0) return true;
  return blocked.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function listOf(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, isIP(network) === 4 ? 'ipv4' : 'ipv6');
  return list;
}
