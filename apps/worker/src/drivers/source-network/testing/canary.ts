import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseNetworkNames } from '@wcr/shared/network/network-names';
import { createSiteRules, type SiteRules } from '@wcr/shared/network/site-rules';

/** Listens where nobody may connect, and knows whether somebody did. */
export type Canary = AsyncDisposable & { readonly port: number; readonly lines: () => number };

/** @param listener what it answers those who get through */
export async function startCanary(listener: RequestListener = (_request, response) => response.end('secret')): Promise<Canary> {
  let lines = 0;
  const server = createServer(listener).on('connection', () => {
    lines += 1;
  });
  // Every address of this machine, of both families.
  await once(server.listen(0, '::'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lines: () => lines,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Rules of an operator who listed these; the public internet alone without. */
export function rulesFor({ allowed = '', refused = '' }: { allowed?: string; refused?: string } = {}): SiteRules {
  return createSiteRules({ allowed: parseNetworkNames(allowed), refused: parseNetworkNames(refused) });
}

/** A DNS with these records; other names lead to a public address. */
export function dnsOf(records: Readonly<Record<string, readonly string[]>>) {
  return async (host: string) =>
    (records[host] ?? ['93.184.216.34']).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}
