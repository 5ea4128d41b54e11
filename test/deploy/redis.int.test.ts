import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, startOnFreePort, startProcess } from '@wcr/stack/services/process';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployFolder, parseManifests } from '../support/manifests/build-kustomization.ts';

const PASSWORD = 'a-password-of-redis';
const folder = join(deployFolder, 'base/redis');
const workload = parseManifests(readFileSync(join(folder, 'redis.yaml'), 'utf8')).find(({ kind }) => kind === 'StatefulSet');
const [container] = workload?.['spec'].template.spec.containers ?? [];
const dir = mkdtempSync(join(tmpdir(), 'wcr-redis-deploy-'));
const environment = { PATH: process.env['PATH'] ?? '', REDIS_PASSWORD: PASSWORD, REDISCLI_AUTH: PASSWORD };
let redis: Service & { port: number };
let client: Redis;

/** The command of the pod, with its files and its port where a test may have them. */
async function start(): Promise<Service & { port: number }> {
  return startOnFreePort(undefined, async (port) => {
    const settings = readFileSync(join(folder, 'redis.conf'), 'utf8');
    const own = settings
      .replace(/^bind .*/m, 'bind 127.0.0.1')
      .replace(/^port .*/m, `port ${port}`)
      .replace(/^dir .*/m, `dir ${dir}/data`);
    writeFileSync(join(dir, 'redis.conf'), own);
    const [shell, ...options] = container.command;
    const service = await startProcess({
      command: shell,
      args: [...options, ...container.args.map((script: string) => script.replace('/etc/redis', dir))],
      logFile: join(dir, 'redis.log'),
      env: environment,
      isReady: async () => probe(container.startupProbe, port),
    });
    return { ...service, port };
  });
}

/** Whether a probe of the pod would succeed. */
function probe({ exec }: { exec: { command: string[] } }, port: number, env: NodeJS.ProcessEnv = environment): boolean {
  const [command = '', ...args] = exec.command.map((part) => part.replace('redis-cli', `redis-cli -p ${port}`));
  return spawnSync(command, args, { env, stdio: 'ignore' }).status === 0;
}

beforeAll(async () => {
  mkdirSync(join(dir, 'data'));
  redis = await start();
  client = new Redis({ port: redis.port, host: '127.0.0.1', password: PASSWORD });
});
afterAll(async () => {
  client?.disconnect();
  await redis?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('Redis as it is deployed', () => {
  it('keeps what it was told, and takes no more rather than forget something', async () => {
    const read = async (name: string) => ((await client.config('GET', name)) as string[])[1];
    expect(await read('appendonly')).toBe('yes');
    expect(await read('maxmemory-policy')).toBe('noeviction');
    expect(Number(await read('maxmemory'))).toBe(768 * 1024 * 1024);
  });

  it('wants the password, and shows it to nobody who lists processes', async () => {
    const stranger = new Redis({ port: redis.port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
    stranger.on('error', () => undefined);
    await expect(stranger.ping()).rejects.toThrow(/NOAUTH/);
    stranger.disconnect();
    const info = await client.info('server');
    const pid = /^process_id:(\d+)/m.exec(info)?.[1];
    const shown = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    expect(shown).toContain('redis-server');
    expect(shown).not.toContain(PASSWORD);
  });

  it('has probes that tell it from one that is gone or does not know them', () => {
    expect(probe(container.readinessProbe, redis.port)).toBe(true);
    expect(probe(container.livenessProbe, redis.port)).toBe(true);
    expect(probe(container.readinessProbe, redis.port, { ...environment, REDISCLI_AUTH: 'wrong' })).toBe(false);
    expect(probe(container.readinessProbe, 1)).toBe(false);
  });

  it('has after a restart what it had before', async () => {
    await client.set('kept', 'yes');
    client.disconnect();
    await redis.stop();
    redis = await start();
    client = new Redis({ port: redis.port, host: '127.0.0.1', password: PASSWORD });
    expect(await client.get('kept')).toBe('yes');
  });
});
