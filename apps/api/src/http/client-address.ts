import { isIP } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { ApiContext } from './api-env.ts';

/** Where the connection comes from; undefined when there is none. */
export function peerOf(context: ApiContext): string | undefined {
  const { incoming } = context.env as Partial<HttpBindings>;
  return incoming?.socket.remoteAddress;
}

/**
 * The address a request came from, as far as it can be believed: that of the connection, or behind `hops` proxies of ours the
 * one that the first of them has seen. What stands further left in X-Forwarded-For anybody may have written.
 */
export function clientAddress(context: ApiContext, hops: number): string {
  const peer = plain(peerOf(context) ?? 'unknown');
  if (hops === 0) return peer;
  const chain = (context.req.header('x-forwarded-for') ?? '').split(',').map((hop) => plain(hop.trim()));
  const address = chain.at(-hops) ?? chain[0] ?? '';
  return isIP(address) === 0 ? peer : address;
}

/** Who shares an IPv6 network has any number of addresses: its first half stands for all of them. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = head.split(':').filter((group) => group !== '');
  const rest = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  const all = [...groups, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...rest];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::`;
}

/** An IPv4 address in one spelling. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
