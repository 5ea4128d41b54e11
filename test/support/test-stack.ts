import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, type Service, startProcess } from '@wcr/stack/services/process';
import { runCommand } from '@wcr/stack/services/run';
import { runPhp } from '@wcr/stack/services/run-php';
import { type StackApp, stackApps } from '@wcr/stack/stack/stack-apps';
import { stackLayout } from '@wcr/stack/stack/stack-layout';
import type { StackPorts } from '@wcr/stack/stack/stack-ports';
import type { StackSecrets } from '@wcr/stack/stack/stack-secrets';
import type { SharedMariaDb } from '@wcr/stack/testing/service-broker';
import { useMariaDb, useRedis } from '@wcr/stack/testing/services';

type Environment = Readonly<Record<string, string>>;
type StackServices = { readonly redisUrl: string; readonly mariaDb: SharedMariaDb };

export type Answer<T> = { readonly status: number; readonly body: T };

export type TestStack = AsyncDisposable & {
  readonly dir: string;
  /** Folder of the clones. */
  readonly localDir: string;
  readonly clonesUrl: string;
  readonly apiUrl: string;
  readonly redisUrl: string;
  /** What API and workers share and nobody else may know. */
  readonly secrets: StackSecrets;
  /** The process ids of API, gateway and workers. */
  readonly pids: readonly number[];
  readonly mariaDb: SharedMariaDb;
  readonly pluginZip: string;
  /** Whether `clonesMb` could be had; not every machine lets one mount. */
  readonly isClonesSpaceLimited: boolean;
  call<T = unknown>(method: string, path: string, body?: unknown, headers?: Environment): Promise<Answer<T>>;
  /** One more worker; the stack starts with `workers` of them. @param main another program than the worker's own */
  startWorker(env?: Environment, main?: string): Promise<Service>;
  /** Gateway or API, as it was started last. */
  program(name: 'gateway' | 'api'): Service;
  /** Starts gateway or API again where it was, once nothing of the last one runs. */
  restart(name: 'gateway' | 'api'): Promise<void>;
  /** Text of every log so far. */
  readLogs(): string;
};

/** The whole system as processes of its own on free ports: API, gateway and workers, on the run's Redis and MariaDB. */
export async function startTestStack(
  options: {
    workers?: number;
    env?: Environment;
    /** Room for all clones together, in MiB. */
    clonesMb?: number;
    /** Services of the stack's own instead of the run's. */
    services?: StackServices;
  } = {},
): Promise<TestStack> {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-e2e-'));
  // Clones run as users of their own, who must be able to pass through.
  chmodSync(dir, 0o755);
  const layout = stackLayout({ WCR_STATE_DIR: dir });
  mkdirSync(layout.clones, { recursive: true, mode: 0o755 });
  const space = options.clonesMb === undefined ? undefined : await limitSpace(layout.clones, options.clonesMb);
  const [{ redisUrl, mariaDb }] = await Promise.all([
    options.services ?? sharedServices(),
    buildZip(layout.root, layout.pluginZip),
  ]);
  const secrets = {
    secretsKey: randomBytes(32).toString('hex'),
    databasePassword: mariaDb.rootPassword,
    apiKey: 'e2e-key-0123456789',
  };
  const ports = await freePorts();
  // Tests ask again and again, several at a time with one key.
  const limitless = { WCR_KEY_REQUESTS_PER_MINUTE: '0', WCR_KEY_ENQUEUES_PER_HOUR: '0' };
  const env = { WCR_LOG_LEVEL: 'debug', WCR_RUN_DIR: join(dir, 'run'), ...ownUsers(), ...limitless, ...options.env };
  const programs = stackApps({ layout, ports, secrets, redisUrl, mariaDb, env: { ...process.env, ...env } });
  const running: Service[] = [];
  const logs: string[] = [];
  const start = async (app: StackApp, extra: Environment = {}): Promise<Service> => {
    const logFile = join(dir, `${app.name}-${logs.length}.log`);
    logs.push(logFile);
    const service = await startProcess({
      command: process.execPath,
      args: [app.main],
      cwd: layout.root,
      env: { ...app.env, ...env, ...extra },
      logFile,
      isReady: () =>
        isReady(extra['WCR_METRICS_PORT'] ? `http://127.0.0.1:${extra['WCR_METRICS_PORT']}/health/ready` : app.healthUrl),
      readyMs: 60_000,
      graceMs: 20_000,
    });
    running.push(service);
    return service;
  };
  const startWorker = async (extra: Environment = {}, main?: string): Promise<Service> => {
    const port = String(await findFreePort());
    const program = programOf(programs, 'worker');
    return start({ ...program, main: main ?? program.main }, { WCR_METRICS_PORT: port, ...extra });
  };
  const [gateway, api] = await Promise.all([start(programOf(programs, 'gateway')), start(programOf(programs, 'api'))]);
  const kept = { gateway, api };
  await Promise.all(Array.from({ length: options.workers ?? 1 }, () => startWorker()));
  return {
    ...{ dir, mariaDb, startWorker, secrets },
    program: (name) => kept[name],
    async restart(name) {
      await kept[name].stop();
      kept[name] = await start(programOf(programs, name));
    },
    get pids() {
      return running.map(({ pid }) => pid);
    },
    localDir: layout.clones,
    clonesUrl: `http://127.0.0.1:${ports.gateway}`,
    apiUrl: `http://127.0.0.1:${ports.api}`,
    redisUrl,
    pluginZip: layout.pluginZip,
    isClonesSpaceLimited: space !== undefined,
    readLogs: () => logs.map((file) => readFileSync(file, 'utf8')).join('\n'),
    call: (method, path, body, headers) =>
      callApi({ url: `http://127.0.0.1:${ports.api}`, key: secrets.apiKey }, { method, path, body, headers }),
    async [Symbol.asyncDispose]() {
      await Promise.all(running.reverse().map((service) => service.stop()));
      await space?.[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function sharedServices(): Promise<StackServices> {
  const [redis, mariaDb] = await Promise.all([useRedis(), useMariaDb()]);
  return { redisUrl: redis.url, mariaDb };
}

/** Several stacks run at a time: clones of one must not run as users of another's. */
function ownUsers(): Environment {
  const share = 10_000;
  return { WCR_CLONE_FIRST_UID: String(1_000_000 + randomInt(10_000) * share), WCR_CLONE_UID_COUNT: String(share) };
}

function programOf(programs: readonly StackApp[], name: StackApp['name']): StackApp {
  const found = programs.find((program) => program.name === name);
  if (found === undefined) throw new Error(`the stack has no ${name}`);
  return found;
}

async function freePorts(): Promise<StackPorts> {
  const names = ['redis', 'database', 'api', 'gateway', 'metrics', 'sample'] as const;
  const ports = await Promise.all(names.map(async (name) => [name, await findFreePort()] as const));
  return Object.fromEntries(ports) as StackPorts;
}

/** Puts a small file system of its own at a folder. @returns undefined where that is not allowed */
async function limitSpace(dir: string, sizeMb: number): Promise<AsyncDisposable | undefined> {
  try {
    await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=0755`, 'tmpfs', dir]);
  } catch {
    return undefined;
  }
  return {
    async [Symbol.asyncDispose]() {
      await runCommand('umount', [dir]);
    },
  };
}

async function buildZip(root: string, zip: string): Promise<void> {
  if (!existsSync(zip)) await runPhp([join(root, 'apps/plugin/bin/build-zip.php'), zip]);
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(url);
  await answer.text();
  return answer.ok;
}

async function callApi<T>(
  api: { url: string; key: string },
  request: { method: string; path: string; body: unknown; headers: Environment | undefined },
): Promise<Answer<T>> {
  const json = request.body !== undefined;
  const ask = () =>
    fetch(api.url + request.path, {
      method: request.method,
      headers: { ...request.headers, authorization: `Bearer ${api.key}`, ...(json && { 'content-type': 'application/json' }) },
      ...(json && { body: JSON.stringify(request.body) }),
    });
  // A test that was busy for long finds its kept connection closed at the moment it uses it.
  const response = request.method === 'GET' ? await ask().catch(ask) : await ask();
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
}
