import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsRoot, type MariaDbAddress } from '../services/mariadb.ts';
import { runCommand } from '../services/run.ts';
import type { SampleSite } from '../sites/sample-site.ts';

export type BaselineTimes = { readonly databaseMs: number; readonly filesMs: number };

const DATABASE = 'wcr_bench_baseline';
/** The password travels by environment: arguments are everybody's to read. */
const PIPE_DATABASE = `mariadb-dump --host="$H" --port="$P" --user=root --single-transaction --ignore-table="$D.none" "$D" $T |
  mariadb --host="$H" --port="$P" --user=root "$N"`;
const PIPE_FILES = 'tar --directory="$FROM" --create . | tar --directory="$TO" --extract';

/** Copies a site the plain way: `mariadb-dump | mariadb`, then `tar | tar`. No address is replaced, nothing is checked. */
export async function runBaseline(
  site: SampleSite,
  at: { readonly dir: string; readonly mariaDb: MariaDbAddress },
): Promise<BaselineTimes> {
  const { mariaDb } = at;
  const connection = await connectAsRoot(mariaDb);
  const to = join(at.dir, 'baseline');
  try {
    await connection.query(`DROP DATABASE IF EXISTS ${DATABASE}`);
    await connection.query(`CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4`);
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    const address = { H: mariaDb.host, P: String(mariaDb.port), MYSQL_PWD: mariaDb.rootPassword };
    const databaseMs = await timed(() => shell(PIPE_DATABASE, { ...address, D: site.database.name, N: DATABASE, T: '' }));
    const filesMs = await timed(() => shell(PIPE_FILES, { FROM: site.dir, TO: to }));
    return { databaseMs, filesMs };
  } finally {
    await connection.query(`DROP DATABASE IF EXISTS ${DATABASE}`);
    await connection.end();
    rmSync(to, { recursive: true, force: true });
  }
}

/** How long something takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function shell(script: string, env: Readonly<Record<string, string>>): Promise<string> {
  return runCommand('bash', ['-o', 'pipefail', '-c', script], { env });
}
