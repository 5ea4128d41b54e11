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

/** A line to a site that is cut for good as soon as a request carries `mark`: the site dies half-way. */
export type CutLine = Disposable & { readonly port: number; readonly isCut: () => boolean };

export async function startCutLine(options: { port: number; to: () => number; mark: RegExp }): Promise<CutLine> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((incoming) => {
    const outgoing = connect(options.to(), '127.0.0.1');
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    incoming.on('data', (bytes) => {
      if (options.mark.test(bytes.toString('latin1'))) cut();
    });
    incoming.pipe(outgoing).pipe(incoming);
  });
  const cut = () => {
    isCut = true;
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await once(server.listen(options.port, '127.0.0.1'), 'listening');
  return { port: portOf(server), isCut: () => isCut, [Symbol.dispose]: cut };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
