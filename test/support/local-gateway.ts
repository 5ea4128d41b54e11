import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { createSealer } from '@wcr/shared/secrets/seal';
import { type Service, startOnFreePort, startProcess } from '@wcr/stack/services/process';
import { createLocalRuntime } from '@wcr/worker/drivers/runtime/local/local-runtime.driver';
import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import type { CloneHandle, CloneSpec, Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { useMariaDb } from './services.ts';

/** The gateway's program. */
export const GATEWAY_MAIN = resolve(import.meta.dirname, '../../apps/gateway/src/main.ts');
const SECRETS_KEY = '7'.repeat(64);

/** A gateway with its local runtime over the run's MariaDB, in folders of its own. */
export type LocalGateway = AsyncDisposable & {
  readonly runtime: Runtime;
  readonly localDir: string;
  readonly runDir: string;
  readonly url: string;
  readonly database: { readonly host: string; readonly port: number };
  readonly process: () => Service;
  anotherRuntime(): Runtime;
  /** Does something to a clone in a process of its own, and kills that (SIGKILL) a while after it has begun. */
  killDuring(action: 'ensure' | 'remove', spec: CloneSpec, afterMs: number): Promise<void>;
  /** Starts the gateway again on the same port. */
  start(): Promise<void>;
  connect(): Promise<Connection>;
  /** A clone whose site consists of the files given. */
  makeClone(files: Readonly<Record<string, string>>, options?: { status?: 'ready' | 'copying' }): Promise<CloneHandle>;
  writeSite(cloneId: string, files: Readonly<Record<string, string>>): void;
};

/** @param env more of the gateway's environment */
export async function startLocalGateway(env: Readonly<Record<string, string>> = {}): Promise<LocalGateway> {
  const mariaDb = await useMariaDb();
  openToAll(dirname(mariaDb.socket));
  openToAll(dirname(dirname(mariaDb.socket)));
  const dir = mkdtempSync(join(tmpdir(), 'wcr-gw-'));
  openToAll(dir);
  const [localDir, runDir] = [join(dir, 'clones'), join(dir, 'run')];
  const databaseUrl = `mysql://${mariaDb.rootUser}:${mariaDb.rootPassword}@${mariaDb.host}:${mariaDb.port}`;
  const launch = (port: number): Promise<Service> =>
    startProcess({
      command: process.execPath,
      args: [GATEWAY_MAIN],
      logFile: join(dir, 'gateway.log'),
      isReady: async () => (await fetch(`http://127.0.0.1:${port}/.wcr/health`)).ok,
      env: {
        WCR_GATEWAY_PORT: String(port),
        WCR_CLONES_URL: `http://127.0.0.1:${port}`,
        WCR_LOCAL_DIR: localDir,
        WCR_RUN_DIR: runDir,
        WCR_DATABASE_SOCKET: mariaDb.socket,
        WCR_GATEWAY_SWEEP_MS: '100',
        ...env,
      },
    });
  const first = await startOnFreePort(undefined, async (port) => ({ port, service: await launch(port) }));
  let { service } = first;
  const url = `http://127.0.0.1:${first.port}`;
  const options = {
    clonesUrl: url,
    gatewayUrl: url,
    localDir,
    databaseUrl,
    databaseSocket: mariaDb.socket,
    firstUid: 710_000,
    uidCount: 10_000,
    isRoot: process.getuid?.() === 0,
  };
  const anotherRuntime = (): Runtime => createLocalRuntime({ ...options, sealer: createSealer(SECRETS_KEY), clock: Date.now });
  const runtime = anotherRuntime();
  const writeSite = (cloneId: string, files: Readonly<Record<string, string>>): void => {
    writeFiles(localClonePaths(localDir, cloneId).site, files);
  };
  return {
    runtime,
    localDir,
    runDir,
    url,
    database: { host: mariaDb.host, port: mariaDb.port },
    process: () => service,
    anotherRuntime,
    killDuring: (action, spec, afterMs) => killDuring({ action, spec, options, secretsKey: SECRETS_KEY }, afterMs),
    writeSite,
    async start() {
      service = await launch(first.port);
    },
    connect: () => createConnection({ uri: databaseUrl }),
    async makeClone(files, { status = 'ready' } = {}) {
      const spec = createCloneSpec({ status });
      const handle = await runtime.ensure(spec, new AbortController().signal);
      writeSite(spec.record.id, files);
      return handle;
    },
    async [Symbol.asyncDispose]() {
      for (const { id } of await runtime.list()) await runtime.remove(id, new AbortController().signal);
      await service.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function killDuring(task: Readonly<Record<string, unknown>>, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'runtime-victim.ts')], {
    env: { ...process.env, WCR_TEST_VICTIM: JSON.stringify(task) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  await delay(afterMs);
  child.kill('SIGKILL');
  await ended;
}

/** Gives a folder and everything in it to the user that owns the folder. */
export function giveToOwner(dir: string): void {
  const { uid, gid } = statSync(dir);
  execFileSync('chown', ['-R', `${uid}:${gid}`, dir]);
}

/** Process ids of the php-fpm master and children whose configuration or pool names the clone. */
export function phpProcessesOf(gateway: LocalGateway, cloneId: string): number[] {
  const marks = [`pool ${cloneId}`, join(gateway.runDir, cloneId.replace('clone-', ''))];
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const command = readCommand(name);
    return command.includes('php-fpm') && marks.some((mark) => command.includes(mark)) ? [Number(name)] : [];
  });
}

/** Everything a clone has on this machine, in words. */
export async function findLeftovers(gateway: LocalGateway, cloneId: string): Promise<string[]> {
  const name = `wcr_${cloneId.replaceAll('-', '_')}`;
  const connection = await gateway.connect();
  try {
    const [schemas] = await connection.query<RowDataPacket[]>('SHOW DATABASES LIKE ?', [name.replaceAll('_', '\\_')]);
    const [users] = await connection.query<RowDataPacket[]>('SELECT Host FROM mysql.user WHERE User = ?', [name]);
    const [grants] = await connection.query<RowDataPacket[]>('SELECT Host FROM mysql.db WHERE User = ?', [name]);
    return [
      ...schemas.map(() => 'its schema'),
      ...users.map(() => 'its database user'),
      ...grants.map(() => 'its database rights'),
      ...phpProcessesOf(gateway, cloneId).map((pid) => `its process ${pid}`),
      ...readdirSync(gateway.localDir).flatMap((entry) => (entry.includes(cloneId) ? [`the folder ${entry}`] : [])),
      ...(existsSync(join(gateway.runDir, cloneId.replace('clone-', ''))) ? ['its run folder'] : []),
      ...uidsOf(gateway, cloneId).map((uid) => `its user ${uid}`),
    ];
  } finally {
    connection.destroy();
  }
}

function uidsOf(gateway: LocalGateway, cloneId: string): string[] {
  const dir = join(gateway.localDir, '.uids');
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return names.filter((name) => readFileSync(join(dir, name), 'utf8') === cloneId);
}

function writeFiles(site: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(site, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
  giveToOwner(site);
}

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** The clones' users must be able to pass through. */
function openToAll(dir: string): void {
  chmodSync(dir, statSync(dir).mode | 0o111);
}
