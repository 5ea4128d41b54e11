import type { IncomingMessage } from 'node:http';

export type Visitor = { readonly address: string; readonly port: number; readonly isHttps: boolean };

/**
 * Who asks, and over which scheme. X-Forwarded-For and X-Forwarded-Proto count only from a trusted proxy, and of the
 * addresses the right-most that is no proxy of ours: everything left of it may be invented.
 */
export function visitorOf(request: IncomingMessage, trustedProxies: ReadonlySet<string>, publicIsHttps: boolean): Visitor {
  const peer = request.socket.remoteAddress ?? '127.0.0.1';
  const port = request.socket.remotePort ?? 0;
  if (!trustedProxies.has(peer)) return { address: plain(peer), port, isHttps: publicIsHttps };
  const chain = headerList(request, 'x-forwarded-for');
  const address = chain.findLast((hop) => !trustedProxies.has(hop)) ?? peer;
  const isHttps = publicIsHttps || headerList(request, 'x-forwarded-proto')[0] === 'https';
  return { address: plain(address), port, isHttps };
}

function headerList(request: IncomingMessage, name: string): string[] {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
}

/** An IPv4 address that arrives over an IPv6 socket is shown as IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
