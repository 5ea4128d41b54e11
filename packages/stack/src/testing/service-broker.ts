import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MariaDbAddress, startMariaDb } from '../services/mariadb.ts';
import type { Service } from '../services/process.ts';
import { startRedis } from '../services/redis.ts';

/** More numbered databases than one run has tests. */
const REDIS_DATABASES = 4096;

/** What a test process is told about the shared services. */
export type SharedRedis = { readonly url: string; readonly port: number };
export type SharedMariaDb = MariaDbAddress;

/**
 * Lives in vitest's main process: starts one Redis and one MariaDB when the first test asks for them, and tells test
 * processes where they are.
 */
export async function startServiceBroker(): Promise<AsyncDisposable & { readonly url: string }> {
  const dir = mkdtempSync(join(tmpdir(), `wcr-test-${randomBytes(3).toString('hex')}-`));
  // Clones run as users of their own, who reach the database's socket through here.
  chmodSync(dir, 0o755);
  const started: Promise<Service>[] = [];
  const once = <T extends Service>(start: () => Promise<T>): (() => Promise<T>) => {
    let service: Promise<T> | undefined;
    return () => {
      if (service === undefined) {
        service = start();
        started.push(service);
      }
      return service;
    };
  };
  const redis = once(() => startRedis({ dir: join(dir, 'redis'), databases: REDIS_DATABASES }));
  const mariaDb = once(() => startMariaDb({ dir: join(dir, 'mariadb') }));
  let redisDatabase = 0;
  const server = await listen({
    '/redis': async (): Promise<SharedRedis> => {
      const { url, port } = await redis();
      redisDatabase += 1;
      return { url: `${url}/${redisDatabase % REDIS_DATABASES}`, port };
    },
    '/mariadb': async (): Promise<SharedMariaDb> => {
      const { host, port, socket, rootUser, rootPassword } = await mariaDb();
      return { host, port, socket, rootUser, rootPassword };
    },
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await Promise.all(started.map((service) => service.then((it) => it.stop()).catch(() => undefined)));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function listen(answers: Readonly<Record<string, () => Promise<unknown>>>): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''] ?? (() => Promise.reject(new Error('no such service')));
    answer().then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}
