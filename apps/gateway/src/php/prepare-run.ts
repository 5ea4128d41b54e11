import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, chmod, cp, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, delimiter, dirname, join, parse } from 'node:path';
import { connectSocket } from '../fastcgi/fastcgi-client.ts';

/** Makes the folder of the clones when it is missing; their users may pass through it, and see nothing. */
export async function prepareLocalDir(localDir: string): Promise<void> {
  const made = await mkdir(localDir, { recursive: true });
  if (made !== undefined) await chmod(localDir, 0o711);
}

/**
 * Makes the run folder, usable by nobody else.
 * @throws Error when somebody else owns what is there.
 */
export async function prepareRunDir(runDir: string): Promise<void> {
  await mkdir(runDir, { recursive: true, mode: 0o711 });
  const info = await lstat(runDir);
  if (!info.isDirectory() || info.uid !== process.getuid?.()) throw new Error(`WCR_RUN_DIR ${runDir} belongs to somebody else`);
  await chmod(runDir, 0o711);
}

/**
 * Makes sure that no second gateway serves the same clones: two would end each other's PHP. The socket it holds is freed
 * by the system with the process, however that ends.
 * @throws Error when another gateway is there.
 */
export async function occupyRunDir(runDir: string): Promise<void> {
  const path = join(runDir, 'gateway');
  const other = await connectSocket(path).catch(() => undefined);
  other?.destroy();
  if (other) throw new Error(`another gateway uses ${runDir}`);
  await rm(path, { force: true });
  const server = createServer((socket) => socket.destroy());
  await once(server.listen(path), 'listening');
  server.unref();
}

/** Removes the sockets and settings of PHP that a killed gateway has left; none of it may run any more. */
export async function emptyRunDir(runDir: string): Promise<void> {
  const names = await readdir(runDir);
  const left = names.filter((name) => name !== 'gateway');
  await Promise.all(left.map((name) => rm(join(runDir, name), { recursive: true, force: true })));
}

/**
 * Copies the agent's code into the run folder: the repository may lie where a clone's user cannot go, root's home for one.
 * Answers the path of the agent's script there.
 */
export async function copyAgent(agentScript: string, runDir: string): Promise<string> {
  const target = join(runDir, 'agent');
  const leftOut = new Set(['tests', 'vendor', 'node_modules']);
  const filter = (path: string): boolean => !leftOut.has(basename(path)) && !basename(path).startsWith('.');
  await cp(dirname(agentScript), target, { recursive: true, filter });
  await openForReading(target);
  return join(target, basename(agentScript));
}

/**
 * The folder above `path` (or itself) through which other users cannot pass, if there is one. Clones run as users of
 * their own and would find nothing below it.
 */
export async function findClosedFolder(path: string): Promise<string | undefined> {
  let folder = path;
  for (;;) {
    const info = await stat(folder).catch(() => undefined);
    if (info?.isDirectory() && (info.mode & 0o001) === 0) return folder;
    if (folder === parse(folder).root) return undefined;
    folder = dirname(folder);
  }
}

/** The php-fpm program: as given, or the first of its usual names in `searchPath`. @throws Error when there is none. */
export async function findPhpFpm(given: string | undefined, searchPath: string): Promise<string> {
  if (given !== undefined) return given;
  const names = ['php-fpm', ...['8.4', '8.3', '8.2', '8.1', '8.0', '7.4'].map((version) => `php-fpm${version}`)];
  const folders = [...searchPath.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];
  for (const name of names) {
    for (const folder of folders) {
      const isThere = access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      );
      if (await isThere) return join(folder, name);
    }
  }
  throw new Error('php-fpm was not found: install it or set WCR_PHP_FPM');
}

async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
    else if (entry.isFile()) await chmod(join(entry.parentPath, entry.name), 0o644);
  }
}
