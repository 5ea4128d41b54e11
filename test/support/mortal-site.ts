import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connectAsRoot, type MariaDbService, startMariaDb } from '@wcr/stack/services/mariadb';
import { type PhpSite, startPhpSite } from '@wcr/stack/services/php-site';
import { findFreePort, isGroupAlive, type Service } from '@wcr/stack/services/process';
import { createSampleSite, type SampleSite } from '@wcr/stack/sites/sample-site';
import { until } from './clone-flow.ts';
import { VISITOR } from './site-state.ts';
import type { TestStack } from './test-stack.ts';

const CRASH_POINTS = resolve(import.meta.dirname, '../../apps/plugin/tests/integration/support/crash-points.php');

/** A live site whose PHP and database server can be killed and started again as they were. */
export type MortalSite = AsyncDisposable & {
  readonly site: SampleSite & PhpSite;
  readonly database: MariaDbService;
  /** Process group of a part, as it is now. */
  groupOf(part: SitePart): number;
  /** Starts a part again as soon as nothing of it runs. */
  revive(part: SitePart): Promise<void>;
  /** The points of an operation where crashes can be planned, as many as it passed since `countPoints`. */
  countPoints(operation: string): void;
  points(): number;
  /** Has process groups killed right before the nth point of an operation, by the site's PHP itself. */
  planCrash(plan: { operation: string; at: number; groups: readonly number[] }): void;
  /** Whether a planned crash has not come about yet. */
  isCrashPending(): boolean;
  forgetCrash(): void;
  /** Writes a comment as a visitor's request would. */
  writeComment(text: string): Promise<void>;
  comments(): Promise<string[]>;
};

export type SitePart = 'php' | 'database';

export async function startMortalSite(
  stack: TestStack,
  sizes: { uploadMb: number; mediaCount: number; shopRows: number },
): Promise<MortalSite> {
  const dir = join(stack.dir, 'mortal');
  const crashFile = join(dir, 'crash');
  let database = await startMariaDb({ dir: join(dir, 'mariadb') });
  const { port: databasePort, rootPassword } = database;
  const port = await findFreePort();
  const made = await createSampleSite({ dir: join(dir, 'site'), mariaDb: database, url: `http://127.0.0.1:${port}`, ...sizes });
  loadCrashPoints(made.dir);
  const ini = { 'wcr.crash_file': crashFile };
  const startPhp = () => startPhpSite({ dir: made.dir, port, workers: 8, ini });
  let php = await startPhp();
  const serviceOf = (part: SitePart): Service => (part === 'php' ? php : database);
  const query = async (sql: string, values: string[]): Promise<unknown[]> => {
    const connection = await connectAsRoot(database, made.database.name);
    return connection.query(sql, values).finally(() => connection.end());
  };
  return {
    site: { ...made, ...php },
    get database() {
      return database;
    },
    groupOf: (part) => serviceOf(part).pid,
    async revive(part) {
      await until(async () => !isGroupAlive(serviceOf(part).pid) || undefined);
      await serviceOf(part).stop();
      if (part === 'php') php = await startPhp();
      else database = await startMariaDb({ dir: join(dir, 'mariadb'), port: databasePort, rootPassword });
    },
    countPoints: (operation) => writeFileSync(crashFile, `${operation} 0`),
    points: () => Number(readFileSync(`${crashFile}.count`, 'utf8')),
    planCrash: ({ operation, at, groups }) => writeFileSync(crashFile, [operation, at, ...groups.map((id) => -id)].join(' ')),
    isCrashPending: () => existsSync(crashFile),
    forgetCrash: () => rmSync(crashFile, { force: true }),
    async writeComment(text) {
      const sql = `INSERT INTO ${made.prefix}comments (comment_post_ID, comment_author, comment_content) VALUES (1, ?, ?)`;
      await query(sql, [VISITOR, text]);
    },
    async comments() {
      const sql = `SELECT comment_content AS text FROM ${made.prefix}comments WHERE comment_author = ? ORDER BY comment_ID`;
      const [rows] = await query(sql, [VISITOR]);
      return (rows as { text: string }[]).map(({ text }) => text);
    },
    async [Symbol.asyncDispose]() {
      await php.stop();
      await database.stop();
    },
  };
}

/** PHP's own web server prepends nothing to a router. A clone has the line as well, but not the setting. */
function loadCrashPoints(dir: string): void {
  const file = join(dir, 'wp-config.php');
  const line = `if ( get_cfg_var( 'wcr.crash_file' ) ) { require_once '${CRASH_POINTS}'; }`;
  writeFileSync(file, readFileSync(file, 'utf8').replace('<?php\n', `<?php\n${line}\n`));
}
