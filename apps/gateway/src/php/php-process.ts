import { spawn } from 'node:child_process';
import { chown, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalOwnerFile } from '@wcr/shared/contracts/local-clone';
import type { Clone } from '../clones/clone-store.ts';
import { connectSocket } from '../fastcgi/fastcgi-client.ts';
import { fpmArguments, type PhpSockets, renderFpmConfig } from './fpm-config.ts';
import { type Isolation, isolatedCommand } from './isolation.ts';
import { stopPhpGroup } from './stale-processes.ts';

const READY_MS = 15_000;
const SOCKET_LIMIT_BYTES = 103;

export type PhpProcess = {
  readonly sockets: PhpSockets;
  readonly pid: number;
  /** Settles when the master has ended, for whatever reason, and all its children are gone. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

export type PhpSettings = {
  /** Short folder for sockets, owned by the gateway. */
  readonly runDir: string;
  readonly phpFpm: string;
  readonly agentDir: string;
  readonly isolation: Isolation;
  readonly isRoot: boolean;
};

/**
 * Starts one clone's php-fpm master and answers when it takes connections.
 * @throws Error when it ends or does not listen in time; its log is in the clone's folder.
 */
export async function startPhp(settings: PhpSettings, clone: Clone): Promise<PhpProcess> {
  const owner = await readOwner(settings, clone);
  const dir = join(settings.runDir, clone.record.id.replace('clone-', ''));
  const sockets = { site: join(dir, 's'), agent: join(dir, 'a') };
  if (Buffer.byteLength(sockets.site) > SOCKET_LIMIT_BYTES) throw new Error('WCR_RUN_DIR is too long for a Unix socket');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { mode: 0o700 });
  const configPath = join(dir, 'fpm.conf');
  const layout = { cloneId: clone.record.id, paths: clone.paths, agentDir: settings.agentDir, sockets };
  await writeFile(configPath, renderFpmConfig(layout), { mode: 0o600 });
  if (owner) await Promise.all([chown(dir, owner.uid, owner.gid), chown(configPath, owner.uid, owner.gid)]);
  const command = isolatedCommand(settings.isolation, owner, [settings.phpFpm, ...fpmArguments(configPath)]);
  return await launch(command, { clone, dir, sockets });
}

async function launch(command: readonly string[], at: { clone: Clone; dir: string; sockets: PhpSockets }): Promise<PhpProcess> {
  const { paths } = at.clone;
  const [program = '', ...args] = command;
  await using output = await open(join(at.dir, 'output'), 'a', 0o600);
  // Its own process group, so that children are found even when their master was killed.
  const child = spawn(program, args, { cwd: at.dir, detached: true, env: {}, stdio: ['ignore', output.fd, output.fd] });
  const { pid } = child;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  if (pid === undefined) throw new Error(`cannot start ${program}`);
  const ended = exited.then(async () => {
    await stopPhpGroup(pid, 0);
    await Promise.all([rm(at.dir, { recursive: true, force: true }), rm(paths.phpPid, { force: true })]);
  });
  const stop = async (): Promise<void> => {
    await stopPhpGroup(pid);
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await writeFile(paths.phpPid, `${pid}\n`, { mode: 0o600 });
    for (const socketPath of [at.sockets.site, at.sockets.agent]) await waitUntilListening(socketPath, exited);
  } catch (cause) {
    const said = await readFile(join(at.dir, 'output'), 'utf8').catch(() => '');
    await stop();
    throw new Error(`PHP of ${at.clone.record.id} did not start: ${said.trim().slice(0, 500)}`, { cause });
  }
  return { sockets: at.sockets, pid, ended, stop };
}

async function waitUntilListening(socketPath: string, exited: Promise<void>): Promise<void> {
  let hasEnded = false;
  void exited.then(() => {
    hasEnded = true;
  });
  const deadline = Date.now() + READY_MS;
  let waitMs = 2;
  while (!(await isListening(socketPath))) {
    if (hasEnded) throw new Error('it ended at once');
    if (Date.now() > deadline) throw new Error('it does not listen');
    await delay(waitMs);
    waitMs = Math.min(waitMs * 1.5, 50);
  }
}

async function isListening(socketPath: string): Promise<boolean> {
  return await connectSocket(socketPath).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    () => false,
  );
}

/** @throws Error when the clone has no user of its own although the gateway is root: PHP never runs as root. */
async function readOwner(settings: PhpSettings, clone: Clone): Promise<LocalOwnerFile | undefined> {
  if (!settings.isRoot) return undefined;
  if (!settings.isolation.users) throw new Error('PHP cannot run as another user: setpriv of util-linux is missing');
  return LocalOwnerFile.parse(JSON.parse(await readFile(clone.paths.owner, 'utf8')));
}
