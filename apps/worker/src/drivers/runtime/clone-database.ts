import { AppError } from '@wcr/shared/errors/app-error';
import { inSpan } from '@wcr/shared/telemetry/spans';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';

const CONNECT_MS = 10_000;
const LOCK_SECONDS = 30;

export type DatabaseSpec = {
  readonly cloneId: string;
  readonly password: string;
  readonly charset: string;
  readonly collation: string;
};

/** The schemas and users of clones on one server, and a lock per clone that dies with who holds it. */
export type CloneDatabases = {
  /** Makes schema and user, or completes them; the user may use its own schema only. */
  ensure(spec: DatabaseSpec): Promise<void>;
  /** Drops schema and user, and makes sure that they are gone. */
  remove(cloneId: string): Promise<void>;
  /**
   * Runs `work` while no other worker is inside for the same clone. The server frees the lock with the connection, so a
   * killed worker holds nobody up.
   */
  withLock<T>(cloneId: string, work: () => Promise<T>): Promise<T>;
};

/** Name of a clone's schema and of its user: at most 32 characters, MySQL's limit for users. */
export function databaseNameOf(cloneId: string): string {
  return `wcr_${cloneId.replaceAll('-', '_')}`;
}

/** @param hosts from where clones connect, as the server sees them, e.g. `localhost` for its Unix socket */
export function createCloneDatabases(databaseUrl: string, hosts: readonly string[]): CloneDatabases {
  async function use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await createConnection({ uri: databaseUrl, connectTimeout: CONNECT_MS }).catch(rethrowClean);
    // A server that goes away between two statements must not end the worker; the next statement tells.
    connection.on('error', () => undefined);
    try {
      return await work(connection);
    } finally {
      connection.destroy();
    }
  }
  return {
    ensure: (spec) =>
      traced('ensure-database', () => use((connection) => ensureDatabase(connection, spec, hosts).catch(rethrowClean))),
    remove: (cloneId) =>
      traced('remove-database', () =>
        use((connection) => removeDatabase(connection, databaseNameOf(cloneId)).catch(rethrowClean)),
      ),
    withLock: (cloneId, work) =>
      use(async (connection) => {
        await traced('lock-clone', () => acquireLock(connection, `wcr-${cloneId}`).catch(rethrowClean));
        return await work();
      }),
  };
}

/** One span for the statements that belong together; their text has names and passwords in it. */
function traced<T>(operation: string, work: () => Promise<T>): Promise<T> {
  const attributes = { 'db.system.name': 'mysql', 'db.operation.name': operation };
  return inSpan(`database ${operation}`, { kind: 'client', attributes }, work);
}

async function acquireLock(connection: Connection, name: string): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS held', [name, LOCK_SECONDS]);
  if (rows[0]?.['held'] !== 1) throw new AppError('runtime.failed', { reason: 'another worker is busy with this clone' });
}

async function ensureDatabase(connection: Connection, spec: DatabaseSpec, hosts: readonly string[]): Promise<void> {
  const name = databaseNameOf(spec.cloneId);
  const schema = connection.escapeId(name);
  const charset = await charsetClause(connection, spec);
  await connection.query(`CREATE DATABASE IF NOT EXISTS ${schema} ${charset}`);
  // One that was made ahead got a charset before its source was known.
  await connection.query(`ALTER DATABASE ${schema} ${charset}`);
  for (const host of hosts) {
    const account = `${connection.escape(name)}@${connection.escape(host)}`;
    await connection.query(`CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY ${connection.escape(spec.password)}`);
    await connection.query(`ALTER USER ${account} IDENTIFIED BY ${connection.escape(spec.password)}`);
    // In GRANT an underscore stands for any character, and would open schemas of other clones.
    await connection.query(`GRANT ALL PRIVILEGES ON ${schema.replaceAll('_', '\\_')}.* TO ${account}`);
  }
}

/** A collation this server does not know becomes the default of its charset; an unknown charset becomes utf8mb4. */
async function charsetClause(connection: Connection, spec: DatabaseSpec): Promise<string> {
  const [known] = await connection.query<RowDataPacket[]>(
    'SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS WHERE COLLATION_NAME = ? AND CHARACTER_SET_NAME = ?',
    [spec.collation, spec.charset],
  );
  if (known.length > 0)
    return `CHARACTER SET ${connection.escapeId(spec.charset)} COLLATE ${connection.escapeId(spec.collation)}`;
  const [charsets] = await connection.query<RowDataPacket[]>(
    'SELECT CHARACTER_SET_NAME AS name FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = ?',
    [spec.charset],
  );
  return `CHARACTER SET ${connection.escapeId(charsets.length > 0 ? spec.charset : 'utf8mb4')}`;
}

async function removeDatabase(connection: Connection, name: string): Promise<void> {
  await connection.query(`DROP DATABASE IF EXISTS ${connection.escapeId(name)}`);
  // All hosts, also those of an earlier configuration.
  const [users] = await connection.query<RowDataPacket[]>('SELECT Host AS host FROM mysql.user WHERE User = ?', [name]);
  for (const user of users) {
    await connection.query(`DROP USER IF EXISTS ${connection.escape(name)}@${connection.escape(String(user['host']))}`);
  }
  const [left] = await connection.query<RowDataPacket[]>(
    'SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
    [name],
  );
  if (left.length > 0) throw new AppError('runtime.failed', { reason: 'the clone’s database is still there' });
}

/** The driver's errors carry the statement, and with it passwords: only their code goes on. */
function rethrowClean(error: unknown): never {
  if (error instanceof AppError) throw error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  throw new AppError('runtime.failed', { reason: `the database server answered ${code}` });
}
