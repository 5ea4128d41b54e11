import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { runCommand } from '@wcr/stack/services/run';

export type Served = Disposable & { readonly url: string };

/** A server that is no WordPress. */
export async function serve(listener: RequestListener, tls?: { key: Buffer; cert: Buffer }): Promise<Served> {
  const server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http${tls ? 's' : ''}://127.0.0.1:${portOf(server)}`,
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A certificate authority, and a certificate of it for 127.0.0.1 that has expired. */
export async function makeExpiredCertificate(dir: string): Promise<{ caFile: string; key: Buffer; cert: Buffer }> {
  mkdirSync(dir, { recursive: true });
  const openssl = (...args: string[]) => runCommand('openssl', args, { cwd: dir });
  const request = ['req', '-newkey', 'rsa:2048', '-nodes'];
  await openssl(...request, '-x509', '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Test CA', '-days', '2');
  await openssl(...request, '-keyout', 'site.key', '-out', 'site.csr', '-subj', '/CN=site');
  writeFileSync(join(dir, 'site.ext'), 'subjectAltName=IP:127.0.0.1\n');
  const sign = ['x509', '-req', '-in', 'site.csr', '-out', 'site.crt', '-extfile', 'site.ext', '-days', '-1'];
  await openssl(...sign, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial');
  const read = (name: string) => readFileSync(join(dir, name));
  return { caFile: join(dir, 'ca.crt'), key: read('site.key'), cert: read('site.crt') };
}

export type Line = Disposable & { readonly port: number; readonly cuts: () => number };
type Connection = { readonly incoming: Socket; readonly outgoing: Socket };

type MarkedLine = { port: number; to: () => number; mark: RegExp };

/** A line to a site that is cut for good as soon as a request carries `mark`: the site dies half-way. */
export async function startCutLine(options: MarkedLine): Promise<Line> {
  const line = await startLine(options, (connection) => onMark(connection, options.mark, () => line.end()));
  return line;
}

/** A line on which requests that carry `mark` are never answered. @param options.onSilence called when the first one is not */
export async function startSilentLine(options: MarkedLine & { onSilence: () => void }): Promise<Line> {
  return startLine(options, (connection) =>
    onMark(connection, options.mark, () => {
      connection.outgoing.unpipe(connection.incoming);
      options.onSilence();
    }),
  );
}

function onMark({ incoming }: Connection, mark: RegExp, action: () => void): void {
  incoming.on('data', (bytes) => {
    if (mark.test(bytes.toString('latin1'))) action();
  });
}

/**
 * A line to a site that loses a connection again and again: one after so many bytes of answers, the next after ten times
 * as many, so that there is some progress.
 */
export async function startFlakyLine(options: { port: number; to: () => number; afterBytes: number }): Promise<Line> {
  let connections = 0;
  const line = await startLine(options, (connection) => {
    connections += 1;
    let left = options.afterBytes * (connections % 2 === 0 ? 10 : 1);
    connection.outgoing.on('data', (bytes) => {
      left -= bytes.length;
      if (left <= 0) line.cut(connection);
    });
  });
  return line;
}

async function startLine(
  options: { port: number; to: () => number },
  watch: (connection: Connection) => void,
): Promise<Line & { cut(connection: Connection): void; end(): void }> {
  const open = new Set<Connection>();
  let cuts = 0;
  const cut = (connection: Connection) => {
    if (!open.delete(connection)) return;
    cuts += 1;
    connection.incoming.destroy();
    connection.outgoing.destroy();
  };
  const server = createServer((incoming) => {
    const connection = { incoming, outgoing: connect(options.to(), '127.0.0.1') };
    open.add(connection);
    for (const socket of Object.values(connection)) {
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(connection));
    }
    watch(connection);
    incoming.pipe(connection.outgoing).pipe(incoming);
  });
  const end = () => {
    server.close();
    for (const connection of open) cut(connection);
  };
  await once(server.listen(options.port, '127.0.0.1'), 'listening');
  return { port: portOf(server), cuts: () => cuts, cut, end, [Symbol.dispose]: end };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
