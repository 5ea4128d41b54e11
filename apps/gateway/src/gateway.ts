import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalPhpState } from '@wcr/shared/contracts/local-clone';
import type { Logger } from 'pino';
import { isGone } from './clones/clone-store.ts';
import { type CloneHandlerDeps, handleClone } from './http/handle-clone.ts';
import { sendPage } from './http/pages.ts';
import { parseTarget } from './http/parse-target.ts';

const HEADERS_MS = 30_000;
const KEEP_ALIVE_MS = 60_000;

export type GatewayDeps = CloneHandlerDeps & {
  readonly log: Logger;
  readonly sweepMs: number;
};

export type Gateway = {
  readonly server: Server;
  /** Answers the port that was taken. */
  listen(port: number, host: string): Promise<number>;
  /** No new requests, those under way may end for a moment, then every PHP is stopped. */
  close(): Promise<void>;
};

/** The process that serves every clone of the local runtime and owns their PHP. */
export function createGateway(deps: GatewayDeps): Gateway {
  const basePath = deps.publicUrl.pathname.replace(/\/+$/, '');
  const server = createServer(
    // Uploads may take as long as they take; PHP and idle sockets have limits of their own.
    { requestTimeout: 0, headersTimeout: HEADERS_MS, keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 64 * 1024 },
    (request, response) => {
      answer(deps, basePath, request, response).catch((error: unknown) => {
        // Who leaves in the middle of an answer is no failure of ours.
        deps.log[response.destroyed ? 'debug' : 'error']({ err: error }, 'request failed');
        sendPage(response, 'failed');
      });
    },
  );
  let sweeping = Promise.resolve();
  const timer = setInterval(() => {
    sweeping = sweeping.then(() => deps.pool.sweep()).catch((error: unknown) => deps.log.error({ err: error }, 'sweep failed'));
  }, deps.sweepMs);
  return {
    server,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    async close() {
      clearInterval(timer);
      await sweeping;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), 3_000);
      await closed;
      clearTimeout(cut);
      await deps.pool.stopAll();
    },
  };
}

async function answer(deps: GatewayDeps, basePath: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('X-Robots-Tag', 'noindex, nofollow');
  const target = parseTarget(request.url ?? '/', basePath);
  if (target.kind === 'health') return sendJson(response, { ok: true });
  if (target.kind === 'clone-state') return sendJson(response, await refreshState(deps, target.cloneId));
  if (target.kind === 'clone') return await handleClone(deps, { request, response }, target);
  if (target.kind === 'redirect' && !isGone(await deps.clones.read(target.cloneId))) {
    response.writeHead(301, { Location: target.location }).end();
    return;
  }
  sendPage(response, target.kind === 'refused' && request.url !== '/' ? 'refused' : 'gone');
}

/** Reads the record again; PHP of a clone that is gone or expiring is stopped before the answer. */
async function refreshState(deps: GatewayDeps, cloneId: string): Promise<LocalPhpState> {
  const clone = await deps.clones.read(cloneId);
  if (isGone(clone)) await deps.pool.stop(cloneId);
  return { php: deps.pool.isRunning(cloneId) ? 'running' : 'stopped', known: clone !== undefined };
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(body));
}
