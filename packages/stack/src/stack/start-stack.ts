import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type MariaDbAddress, startMariaDb } from '../services/mariadb.ts';
import { startProcess } from '../services/process.ts';
import { startRedis } from '../services/redis.ts';
import { runCommand } from '../services/run.ts';
import { ensureProcess, recordedProcesses, runningProcesses, stopProcess } from './process-records.ts';
import { newestChange, type StackApp, stackApps } from './stack-apps.ts';
import type { StackLayout } from './stack-layout.ts';
import { choosePorts, type StackPorts } from './stack-ports.ts';
import { ensureSecrets } from './stack-secrets.ts';

export type Stack = {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly clonesUrl: string;
  readonly ports: StackPorts;
  readonly mariaDb: MariaDbAddress;
  readonly pids: { readonly worker: number };
};

type Context = {
  readonly layout: StackLayout;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what is done, a line at a time. */
  readonly say: (line: string) => void;
};

/** In this order they are stopped; whatever else is recorded goes first. */
const STOP_ORDER = ['worker', 'api', 'gateway', 'redis', 'mariadb'];

/**
 * Starts what does not run yet of Redis, MariaDB, gateway, API and worker, and waits until all are ready. They outlive
 * this process.
 * @throws Error with the end of the log of what did not start
 */
export async function startStack(context: Context): Promise<Stack> {
  const { layout, env, say } = context;
  mkdirSync(layout.run, { recursive: true });
  mkdirSync(dirname(layout.mariaDb), { recursive: true, mode: 0o711 });
  const secrets = ensureSecrets(layout.secrets, env);
  const running = new Set(await runningProcesses(layout.run));
  const ports = await choosePorts(layout.ports, env, (name) => running.has(PROCESS_OF_PORT[name] ?? name));
  const [redis, mariaDb] = await Promise.all([
    ensureRedis(layout, ports.redis),
    ensureMariaDb(layout, ports.database, secrets.databasePassword),
    buildPlugin(layout),
  ]);
  say(`Redis      ${redis.url}`);
  say(`MariaDB    ${mariaDb.host}:${mariaDb.port}`);
  const apps = stackApps({ layout, ports, secrets, redisUrl: redis.url, mariaDb, env });
  const pids = { worker: 0 };
  for (const app of apps) {
    const { pid } = await ensureApp(layout, app);
    if (app.name === 'worker') pids.worker = pid;
    say(`${app.name.padEnd(10)} ${new URL(app.healthUrl).origin}`);
  }
  const apiUrl = `http://127.0.0.1:${ports.api}`;
  writeFileSync(layout.apiUrl, apiUrl);
  writeFileSync(layout.apiKey, secrets.apiKey, { mode: 0o600 });
  return { apiUrl, apiKey: secrets.apiKey, clonesUrl: apps[0]?.env['WCR_CLONES_URL'] ?? '', ports, mariaDb, pids };
}

/**
 * Stops everything that `startStack` and the demo have started, and nothing else.
 * @returns the names of what ran
 */
export async function stopStack({ layout, say }: Pick<Context, 'layout' | 'say'>): Promise<string[]> {
  const recorded = recordedProcesses(layout.run);
  const others = recorded.filter((name) => !STOP_ORDER.includes(name));
  const stopped: string[] = [];
  for (const name of [...others, ...STOP_ORDER.filter((known) => recorded.includes(known))]) {
    if (!(await stopProcess(layout.run, name))) continue;
    stopped.push(name);
    say(`stopped ${name}`);
  }
  return stopped;
}

const PROCESS_OF_PORT: Readonly<Record<string, string>> = { database: 'mariadb', metrics: 'worker' };

function ensureRedis(layout: StackLayout, port: number) {
  return ensureProcess({
    dir: layout.run,
    name: 'redis',
    settings: { port },
    start: () => startRedis({ dir: layout.redis, port, appendOnly: true, outlives: true }),
  });
}

function ensureMariaDb(layout: StackLayout, port: number, rootPassword: string) {
  return ensureProcess({
    dir: layout.run,
    name: 'mariadb',
    settings: { port, rootPassword },
    start: () =>
      startMariaDb({ dir: layout.mariaDb, port, rootPassword, templateDir: join(layout.state, 'cache/mariadb'), outlives: true }),
  });
}

async function ensureApp(layout: StackLayout, app: StackApp): Promise<{ readonly pid: number }> {
  return ensureProcess({
    dir: layout.run,
    name: app.name,
    settings: { env: app.env, changed: await newestChange(layout.root, app) },
    start: () =>
      startProcess({
        command: process.execPath,
        args: [app.main],
        cwd: layout.root,
        env: app.env,
        logFile: join(layout.run, `${app.name}.log`),
        isReady: () => answersOk(app.healthUrl),
        readyMs: 60_000,
        graceMs: 30_000,
        outlives: true,
      }),
  });
}

async function answersOk(url: string): Promise<boolean> {
  const answer = await fetch(url);
  await answer.text();
  return answer.ok;
}

async function buildPlugin(layout: StackLayout): Promise<void> {
  await runCommand('php', [join(layout.root, 'apps/plugin/bin/build-zip.php'), layout.pluginZip]);
}
