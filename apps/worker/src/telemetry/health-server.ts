import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export type HealthOptions = {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly logger: Logger;
  /** False when the process should be restarted. */
  readonly isAlive: () => boolean;
  /** False when it can't work now, or must not get more to do. */
  readonly isReady: () => Promise<boolean>;
};

export type HealthServer = { readonly port: number; close(): Promise<void> };

type Answer = { readonly status: number; readonly type: string; readonly body: string };

/** Answers `/metrics`, `/health/live` and `/health/ready`. */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(options, new URL(request.url ?? '/', 'http://worker').pathname).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      (error: unknown) => {
        options.logger.error({ err: error }, 'the health server failed');
        response.writeHead(500).end();
      },
    );
  });
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function answer({ registry, isAlive, isReady }: HealthOptions, path: string): Promise<Answer> {
  if (path === '/metrics') return { status: 200, type: registry.contentType, body: await registry.metrics() };
  if (path === '/health/live') return verdict(isAlive());
  if (path === '/health/ready' || path === '/health/startup') return verdict(await isReady());
  return { status: 404, type: 'text/plain', body: 'not found\n' };
}

function verdict(good: boolean): Answer {
  return {
    status: good ? 200 : 503,
    type: 'application/json',
    body: `${JSON.stringify({ status: good ? 'ok' : 'unavailable' })}\n`,
  };
}

function listen(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}
