import { BlockList, isIP } from 'node:net';

/** IPv4 networks that are no part of the public internet (IANA special-purpose registry). */
const SPECIAL_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // Looks public, and is where a virtual machine of Azure gets its secrets from.
  ['168.63.129.16', 32],
];

/**
 * The one public IPv6 network, and what in it is special. All else is refused: loopback, link-local, ULA, multicast, and what
 * carries an IPv4 address (compatible, translated, NAT64). 6to4 and Teredo, which carry one too, lie inside.
 */
const PUBLIC_IPV6 = ['2000::', 3] as const;
const SPECIAL_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const specialIpv4 = listOf(SPECIAL_IPV4);
const publicIpv6 = listOf([PUBLIC_IPV6]);
const specialIpv6 = listOf(SPECIAL_IPV6);
const mappedIpv4 = listOf([['::ffff:0:0', 96]]);

/**
 * True for an address that anybody on the internet reaches. An IPv4-mapped address counts as the IPv4 address; one with a
 * zone, and what is no address at all, is none.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  if (family === 4) return !specialIpv4.check(address, 'ipv4');
  if (mappedIpv4.check(address, 'ipv6')) return !specialIpv4.check(address, 'ipv6');
  return publicIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

/** Networks as one list to look an address up in. */
export function listOf(networks: readonly (readonly [network: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, isIP(network) === 4 ? 'ipv4' : 'ipv6');
  return list;
}
