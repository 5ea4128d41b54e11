import { type BlockList, isIP } from 'node:net';
import { listOf } from './public-address.ts';

/** Hosts and networks that an operator has listed. */
export type NetworkNames = {
  readonly isEmpty: boolean;
  /** @param name in lower case */
  hasName(name: string): boolean;
  /** False also for what is no address. */
  hasAddress(address: string): boolean;
};

const HOST = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

/**
 * Reads a list such as `10.20.0.0/16, fd12::/16, shop.intern.example, *.lab.example`.
 * @throws TypeError that names the entry which is neither a network nor a host
 */
export function parseNetworkNames(text: string): NetworkNames {
  const entries = text.split(',').map((entry) => entry.trim().toLowerCase());
  const given = entries.filter((entry) => entry !== '');
  const networks = given.map(networkOf);
  const hosts = given.filter((_, index) => networks[index] === undefined);
  for (const host of hosts) if (!HOST.test(host)) throw new TypeError(`${host} is neither a network nor a host`);
  const list: BlockList = listOf(networks.filter((network) => network !== undefined));
  const names = new Set(hosts.filter((host) => !host.startsWith('*.')));
  const endings = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1));
  return {
    isEmpty: given.length === 0,
    hasName: (name) => names.has(name) || endings.some((ending) => name.endsWith(ending)),
    hasAddress(address) {
      const family = isIP(address);
      return family !== 0 && !address.includes('%') && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** Undefined for what looks like a host; a number behind a slash, or an address, is meant as a network. */
function networkOf(entry: string): readonly [network: string, prefix: number] | undefined {
  const [, network = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIP(network);
  if (family === 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const prefix = Number(length ?? bits);
  if (prefix > bits) throw new TypeError(`${entry} is no network: its prefix has more than ${bits} bits`);
  return [network, prefix];
}
