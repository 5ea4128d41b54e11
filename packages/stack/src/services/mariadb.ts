import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { type Service, startOnFreePort, startProcess } from './process.ts';
import { runCommand } from './run.ts';

const TEMPLATES = resolve(import.meta.dirname, '../../../../.local/cache/mariadb');

export type Database = { readonly name: string; readonly user: string; readonly password: string };

export type DatabaseOptions = {
  readonly name: string;
  /** Defaults to the database's name; an existing user gets further grants and the password given. */
  readonly user?: string;
  readonly password?: string;
  /** Privileges on the database; everything by default. */
  readonly grants?: readonly string[];
  readonly charset?: string;
  readonly collation?: string;
};

/** How a running server is reached; plain data, so that it can cross process borders. */
export type MariaDbAddress = {
  readonly host: string;
  readonly port: number;
  readonly socket: string;
  readonly rootUser: string;
  readonly rootPassword: string;
};

export type MariaDbService = Service & MariaDbAddress & { createDatabase(options: DatabaseOptions): Promise<Database> };

export type MariaDbOptions = {
  /** Data and log live here; data of an earlier start is used again. */
  readonly dir: string;
  readonly port?: number;
  /** Random when not given. */
  readonly rootPassword?: string;
  /** Where the empty data folder, made once per machine, is kept. */
  readonly templateDir?: string;
  /** Further settings, e.g. `{ 'sql-mode': '' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly outlives?: boolean;
};

/** Starts a MariaDB on loopback TCP and a Unix socket, with small buffers and a 64 MiB packet. */
export async function startMariaDb(options: MariaDbOptions): Promise<MariaDbService> {
  await ensureDataFolder(options);
  const rootPassword = options.rootPassword ?? randomBytes(12).toString('hex');
  const socket = socketPath(options.dir);
  const initFile = join(options.dir, 'init.sql');
  try {
    return await startOnFreePort(options.port, async (port) => {
      writeFileSync(initFile, rootAccountSql(rootPassword), { mode: 0o600 });
      const address: MariaDbAddress = { host: '127.0.0.1', port, socket, rootUser: 'root', rootPassword };
      const service = await startProcess({
        command: 'mariadbd',
        args: mariaDbArguments(options, { port, socket, initFile }),
        logFile: join(options.dir, 'mariadb.log'),
        isReady: () => answersQuery(address),
        readyMs: 60_000,
        graceMs: 30_000,
        ...(options.outlives ? { outlives: true } : {}),
      });
      return { ...service, ...address, createDatabase: (wanted) => createDatabase(address, wanted) };
    });
  } finally {
    rmSync(initFile, { force: true });
  }
}

/** Makes a database and a user for it; also from a process that did not start the server. */
export async function createDatabase(address: MariaDbAddress, wanted: DatabaseOptions): Promise<Database> {
  const { name, user = name, password = randomBytes(9).toString('hex'), charset = 'utf8mb4' } = wanted;
  const connection = await connectAsRoot(address);
  try {
    const collation = wanted.collation ? ` COLLATE ${wanted.collation}` : '';
    const account = `${connection.escape(user)}@'%'`;
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${connection.escapeId(name)} CHARACTER SET ${charset}${collation}`);
    await connection.query(`CREATE USER IF NOT EXISTS ${account}`);
    await connection.query(`ALTER USER ${account} IDENTIFIED BY ${connection.escape(password)}`);
    const grants = wanted.grants?.join(', ') ?? 'ALL PRIVILEGES';
    // In GRANT the underscore of a database name is a wildcard.
    const pattern = connection.escapeId(name).replaceAll('_', '\\_');
    await connection.query(`GRANT ${grants} ON ${pattern}.* TO ${account}`);
  } finally {
    await connection.end();
  }
  return { name, user, password };
}

/** A connection as root over TCP; the caller ends it. */
export function connectAsRoot(address: MariaDbAddress, database?: string): Promise<Connection> {
  return createConnection({
    host: address.host,
    port: address.port,
    user: address.rootUser,
    password: address.rootPassword,
    ...(database ? { database } : {}),
  });
}

function mariaDbArguments(options: MariaDbOptions, at: { port: number; socket: string; initFile: string }): string[] {
  const settings: Record<string, string> = {
    datadir: join(options.dir, 'data'),
    port: String(at.port),
    socket: at.socket,
    'pid-file': join(options.dir, 'mariadbd.pid'),
    'init-file': at.initFile,
    'skip-networking': '0',
    'bind-address': '127.0.0.1',
    'max-allowed-packet': '64M',
    'max-connections': '300',
    'innodb-buffer-pool-size': '128M',
    'innodb-flush-log-at-trx-commit': '2',
    'performance-schema': '0',
    'character-set-server': 'utf8mb4',
    'local-infile': '0',
    ...(userInfo().uid === 0 ? { user: 'root' } : {}),
    ...options.settings,
  };
  return ['--no-defaults', '--skip-name-resolve', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)];
}

/** The anonymous accounts would shadow 'user'@'%' on the socket, and further roots have no password. */
function rootAccountSql(password: string): string {
  const secret = `IDENTIFIED BY '${password.replaceAll(/['\\]/g, '\\$&')}'`;
  return [
    "CREATE USER IF NOT EXISTS root@'127.0.0.1';",
    `ALTER USER root@'127.0.0.1' ${secret};`,
    "GRANT ALL PRIVILEGES ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;",
    `ALTER USER root@localhost ${secret};`,
    "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host NOT IN ('localhost', '127.0.0.1'));",
    'FLUSH PRIVILEGES;',
    '',
  ].join('\n');
}

/** Sockets are limited to 107 bytes, so the path cannot follow a deep data folder. */
function socketPath(dir: string): string {
  const beside = join(dir, 'mariadb.sock');
  if (Buffer.byteLength(beside) <= 100) return beside;
  return join(tmpdir(), `wcr-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}.sock`);
}

async function ensureDataFolder(options: MariaDbOptions): Promise<void> {
  const data = join(options.dir, 'data');
  if (existsSync(data)) return;
  mkdirSync(options.dir, { recursive: true });
  const template = await ensureDataTemplate(options.templateDir);
  await cp(template, `${data}.part`, { recursive: true });
  renameSync(`${data}.part`, data);
}

/**
 * The folder of an empty server's data, to be copied: `mariadb-install-db` takes seconds and copying its result does not.
 * One per version of the server.
 */
export async function ensureDataTemplate(parent: string = TEMPLATES): Promise<string> {
  const stdout = await runCommand('mariadbd', ['--no-defaults', '--version']);
  const template = join(parent, createHash('sha256').update(stdout).digest('hex').slice(0, 12));
  if (existsSync(template)) return template;
  const part = `${template}.${process.pid}.${randomBytes(4).toString('hex')}`;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  await runCommand('mariadb-install-db', [
    '--no-defaults',
    // A machine that cannot look up its own name is no obstacle: accounts are by address.
    '--force',
    `--datadir=${part}`,
    '--skip-test-db',
    '--auth-root-authentication-method=normal',
    '--innodb-log-file-size=48M',
    ...(userInfo().uid === 0 ? ['--user=root'] : []),
  ]);
  try {
    renameSync(part, template);
  } catch {
    // Somebody else was faster; theirs is as good.
    rmSync(part, { recursive: true, force: true });
  }
  return template;
}

async function answersQuery(address: MariaDbAddress): Promise<boolean> {
  const connection = await connectAsRoot(address);
  try {
    await connection.query('SELECT 1');
    return true;
  } finally {
    connection.destroy();
  }
}
