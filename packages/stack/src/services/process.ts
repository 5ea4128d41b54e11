import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process (group) that was started here and is stopped here. */
export type Service = AsyncDisposable & {
  readonly pid: number;
  /** SIGTERM to the whole group, then SIGKILL after a grace. Resolves when nothing of it runs. Stopping twice is fine. */
  stop(): Promise<void>;
  /** Sends a signal to the whole group and returns at once; for tests of crashes. */
  kill(signal: NodeJS.Signals): void;
};

export type ProcessOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Both outputs are appended here. */
  readonly logFile: string;
  /** Asked again and again until true; a throw counts as false. */
  readonly isReady: () => Promise<boolean>;
  readonly readyMs?: number;
  /** How long a SIGTERM may take before SIGKILL. */
  readonly graceMs?: number;
  /** True: lives on when this process ends (`./dev up`). Otherwise a guard ends it together with this process. */
  readonly outlives?: boolean;
};

/**
 * Starts a process in a group of its own and waits until it is ready.
 * @throws Error with the end of its log when it exits early or is not ready in time; it is stopped then.
 */
export async function startProcess(options: ProcessOptions): Promise<Service> {
  const child = spawnIntoLog(options);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.command} could not be started; is it installed?`);
  const guard = options.outlives ? undefined : spawnGuard(pid);
  const group = watchGroup(child, pid, () => guard?.kill('SIGKILL'));
  const stop = async (): Promise<void> => {
    // Until now the child did not keep this process alive; its end is waited for, though.
    child.ref();
    if (!group.isOver()) await endGroup({ pid, exited: group.exited, graceMs: options.graceMs ?? 10_000 });
    group.end();
  };
  try {
    await awaitReady(child, options);
  } catch (error) {
    await stop();
    throw error;
  }
  const kill = (signal: NodeJS.Signals): void => void (group.isOver() || signalGroup(pid, signal));
  return { pid, stop, kill, [Symbol.asyncDispose]: stop };
}

const LOOK_MS = 200;

/**
 * Knows when nothing of a group runs any more: from then on its number may be that of somebody else's group, and must not be
 * signalled by us or by the guard. While a member lives, the number is not given away.
 */
function watchGroup(child: ChildProcess, pid: number, onEnd: () => void) {
  let isOver = false;
  const end = (): void => {
    isOver = true;
    onEnd();
  };
  const look = (): void => {
    if (isOver) return;
    if (isGroupAlive(pid)) setTimeout(look, LOOK_MS).unref();
    else end();
  };
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      look();
      resolve();
    });
  });
  return { exited, isOver: () => isOver, end };
}

/** A port of 127.0.0.1 that nobody listens on at this moment; `preferred` if that is free. */
export async function findFreePort(preferred = 0): Promise<number> {
  const port = await tryListen(preferred).catch(() => undefined);
  return port ?? (await tryListen(0));
}

/** Runs `start` with free ports until one is not snatched away by somebody else between the look and the start. */
export async function startOnFreePort<T>(port: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  if (port !== undefined) return start(port);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await findFreePort());
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** Sends a signal to a process group; false when it is gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** True while a process of the group runs; those that only await burial by a slow init do not count. */
export function isGroupAlive(pid: number): boolean {
  if (!signalGroup(pid, 0)) return false;
  if (process.platform !== 'linux') return true;
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    const [state, , group] = readStat(entry);
    return group === String(pid) && state !== 'Z' && state !== 'X';
  });
}

/** Fields of /proc/<pid>/stat from the state on; empty when the process is gone. */
export function readStat(pid: number | string): string[] {
  try {
    // The name in brackets before the state may hold anything, also brackets.
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

function spawnIntoLog(options: ProcessOptions): ChildProcess {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn(options.command, [...options.args], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    child.on('error', () => undefined);
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** A shell that waits for the end of a pipe only we hold: when we die, however that happens, it ends the group. */
function spawnGuard(pid: number): ChildProcess {
  const script = 'cat >/dev/null; kill -TERM -"$1" 2>/dev/null || exit 0; sleep 5; kill -KILL -"$1" 2>/dev/null';
  const guard = spawn('/bin/sh', ['-c', script, 'guard', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.unref();
  const pipe = guard.stdin as (NodeJS.WritableStream & { unref?: () => void }) | null;
  pipe?.on('error', () => undefined);
  pipe?.unref?.();
  const kill = (): boolean => signalGroup(guard.pid ?? 0, 'SIGKILL');
  return Object.assign(guard, { kill });
}

async function awaitReady(child: ChildProcess, options: ProcessOptions): Promise<void> {
  const deadline = Date.now() + (options.readyMs ?? 30_000);
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${options.command} ended at once (${child.exitCode ?? child.signalCode}).${logTail(options.logFile)}`);
    }
    if (await options.isReady().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error(`${options.command} is not ready in time.${logTail(options.logFile)}`);
    await sleep(25);
  }
}

async function endGroup(group: { pid: number; exited: Promise<void>; graceMs: number }): Promise<void> {
  if (!signalGroup(group.pid, 'SIGTERM')) return;
  const grace = new AbortController();
  const ended = await Promise.race([
    group.exited.then(() => true),
    sleep(group.graceMs, false, { signal: grace.signal }).catch(() => false),
  ]);
  grace.abort();
  // Members may outlive their leader (the workers of `php -S` do).
  signalGroup(group.pid, 'SIGKILL');
  if (!ended) await group.exited;
  for (let round = 0; round < 200 && isGroupAlive(group.pid); round += 1) await sleep(10);
}

function tryListen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

function logTail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12);
  return ` Its log ${file} ends with:\n${lines.join('\n')}`;
}
