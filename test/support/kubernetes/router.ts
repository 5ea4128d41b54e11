import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/** A rule of an ingress; `target` is the address of an endpoint, undefined while its Service has none. */
export type Route = { readonly host?: string; readonly pathPrefix: string; readonly target: string | undefined };

export type Router = AsyncDisposable & {
  /** Address of the router, without trailing slash. */
  readonly url: string;
  /** Puts these rules in the place of all former ones. */
  setRoutes(routes: readonly Route[]): void;
};

export type RouterOptions = {
  readonly host?: string;
  readonly port?: number;
  /** The scheme its visitors use: `https` where TLS ends in front of it. */
  readonly scheme?: 'http' | 'https';
};

/**
 * What an ingress controller does with HTTP: the rule with the longest prefix, whole path steps only, gets the request as it
 * is. 404 without a rule, 503 without an endpoint, 502 when the endpoint cannot be reached.
 */
export async function startRouter({ host = '127.0.0.1', port = 0, scheme = 'http' }: RouterOptions = {}): Promise<Router> {
  let routes: readonly Route[] = [];
  const server = createServer({ requestTimeout: 0, maxHeaderSize: 64 * 1024 }, (incoming, outgoing) => {
    const route = findRoute(routes, incoming);
    if (route?.target === undefined) refuse(outgoing, route ? 503 : 404);
    else forward(incoming, outgoing, { target: new URL(route.target), scheme });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    setRoutes(next) {
      routes = [...next].sort((one, other) => other.pathPrefix.length - one.pathPrefix.length);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function findRoute(routes: readonly Route[], { headers, url = '/' }: IncomingMessage): Route | undefined {
  const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const path = url.split('?', 1)[0] ?? '/';
  return routes.find((route) => (route.host === undefined || route.host === host) && isBelow(path, route.pathPrefix));
}

function isBelow(path: string, prefix: string): boolean {
  const steps = prefix.replace(/\/+$/, '');
  return path === steps || path.startsWith(`${steps}/`);
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, to: { target: URL; scheme: 'http' | 'https' }): void {
  const upstream = request(
    {
      host: to.target.hostname,
      port: to.target.port || 80,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, ...forwardedHeaders(incoming, to.scheme) },
      agent: false,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      pipeline(answer, outgoing, () => undefined);
    },
  );
  upstream.once('error', () => refuse(outgoing, 502));
  outgoing.once('close', () => upstream.destroy());
  pipeline(incoming, upstream, () => undefined);
}

/** What visitors say about themselves is not believed. */
function forwardedHeaders({ headers, socket }: IncomingMessage, scheme: 'http' | 'https'): Record<string, string> {
  return {
    'x-forwarded-for': socket.remoteAddress ?? '',
    'x-forwarded-proto': scheme,
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-port': scheme === 'https' ? '443' : '80',
  };
}

function refuse(outgoing: ServerResponse, status: number): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${status}\n`);
}
