import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Service, startOnFreePort, startProcess } from './process.ts';

export type RedisService = Service & { readonly url: string; readonly port: number };

export type RedisOptions = {
  /** Data and log live here. */
  readonly dir: string;
  readonly port?: number;
  /** Keeps its data over a restart, as in production. */
  readonly appendOnly?: boolean;
  /** Numbered databases; tests take one each. */
  readonly databases?: number;
  readonly outlives?: boolean;
};

/** Starts a Redis on loopback with `noeviction`, as BullMQ demands. */
export async function startRedis(options: RedisOptions): Promise<RedisService> {
  mkdirSync(options.dir, { recursive: true });
  return startOnFreePort(options.port, async (port) => {
    const service = await startProcess({
      command: 'redis-server',
      args: redisArguments(options, port),
      logFile: join(options.dir, 'redis.log'),
      isReady: () => answersPing(port),
      ...(options.outlives ? { outlives: true } : {}),
    });
    return { ...service, url: `redis://127.0.0.1:${port}`, port };
  });
}

function redisArguments(options: RedisOptions, port: number): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: options.dir,
    databases: String(options.databases ?? 16),
    save: '',
    appendonly: options.appendOnly ? 'yes' : 'no',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** True once it answers and has loaded its data (before that it answers with LOADING). */
async function answersPing(port: number): Promise<boolean> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } finally {
    client.disconnect();
  }
}
