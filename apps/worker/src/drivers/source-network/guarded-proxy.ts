import { once } from 'node:events';
import { createServer, type IncomingMessage, request as openRequest, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { isAppError } from '@wcr/shared/errors/app-error';
import type { PublicNetwork } from './public-network.ts';

/** A proxy on loopback: programs that look names up themselves go through it, and reach what the network lets pass. */
export type GuardedProxy = {
  readonly url: string;
  /** Cuts all lines through it. */
  close(): Promise<void>;
};

type Connect = PublicNetwork['connect'];
type Place = { readonly host: string; readonly port: number };

const CONNECT_MS = 20_000;
/** These speak of one line only (RFC 9110, 7.6.1), and Node frames bodies anew. */
const OF_ONE_LINE: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade'],
]);

/**
 * Starts a proxy for `http://` (absolute addresses) and for everything else (`CONNECT`). What `connect` refuses is answered
 * with 403. It asks for no password: nobody on this machine reaches through it what isn't open to everybody.
 */
export async function startGuardedProxy({ connect }: { readonly connect: Connect }): Promise<GuardedProxy> {
  const lines = new Set<Duplex>();
  const keep = <T extends Duplex>(line: T): T => {
    lines.add(line);
    line.once('close', () => lines.delete(line));
    return line;
  };
  const open = async ({ host, port }: Place): Promise<Socket> => keep(await connect(host, port, AbortSignal.timeout(CONNECT_MS)));
  const server = createServer((request, response) => void forward(open, request, response));
  server.on('connection', keep);
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => void tunnel(open, request, { client, head }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = endOf(server);
      for (const line of lines) line.destroy();
      await closed;
    },
  };
}

async function tunnel(
  open: (place: Place) => Promise<Socket>,
  { url }: IncomingMessage,
  { client, head }: { client: Duplex; head: Buffer },
): Promise<void> {
  // A client that goes away while we connect is noticed by the pipeline.
  client.on('error', () => undefined);
  try {
    const upstream = await open(placeOf(`http://${url}`));
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.write(head);
    pipeline(client, upstream, client, () => undefined);
  } catch (error) {
    client.end(
      `HTTP/1.1 ${isAppError(error) ? '403 Forbidden' : '502 Bad Gateway'}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
  }
}

async function forward(
  open: (place: Place) => Promise<Socket>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const path = /^http:\/\/[^/?#]+([^#]*)/i.exec(request.url ?? '')?.[1];
    if (path === undefined) return refuse(response, 400);
    const upstream = await open(placeOf(request.url ?? ''));
    if (response.closed) return void upstream.destroy();
    const headers = headersFor(request.rawHeaders);
    const target = path.startsWith('/') ? path : `/${path}`;
    const sent = openRequest({ method: request.method, path: target, headers, createConnection: () => upstream });
    sent.on('response', (answer) => answerWith(response, answer));
    sent.on('error', () => undefined);
    // Trouble on one side is told to the other as it would be without us: by a line that breaks off.
    sent.on('close', () => response.headersSent || response.destroy());
    response.on('close', () => sent.destroy());
    request.pipe(sent);
  } catch (error) {
    if (isAppError(error)) refuse(response, 403);
    else response.destroy();
  }
}

function answerWith(response: ServerResponse, answer: IncomingMessage): void {
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headersFor(answer.rawHeaders, ['transfer-encoding']));
    pipeline(answer, response, () => undefined);
  } catch {
    // Headers that Node lets in and not out again.
    response.destroy();
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0, Connection: 'close' }).end();
}

/** @throws TypeError for what is no address. */
function placeOf(address: string): Place {
  const { hostname, port } = new URL(address);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
}

/** Names and values in turn, as they came; cookies stay apart. */
function headersFor(raw: readonly string[], leftOut: readonly string[] = []): string[] {
  return raw.filter((_text, index) => {
    const name = (raw[index - (index % 2)] ?? '').toLowerCase();
    return !OF_ONE_LINE.has(name) && !leftOut.includes(name);
  });
}

async function endOf(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
