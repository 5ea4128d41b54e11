import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { startPhpSite } from '@wcr/stack/services/php-site';
import { runCommand } from '@wcr/stack/services/run';
import { runPhpIn } from '@wcr/stack/services/run-php';
import { createSampleSite, SAMPLE, type ServedSampleOptions, startSampleSite } from '@wcr/stack/sites/sample-site';
import type { RowDataPacket } from 'mysql2/promise';
import type { CloneView } from './clone-flow.ts';
import { compareSites } from './compare-sites.ts';
import type { Difference } from './difference.ts';
import type { TestStack } from './test-stack.ts';

export { runPhpIn };

export type Source = Awaited<ReturnType<typeof startSampleSite>>;
type Variation = Partial<Omit<ServedSampleOptions, 'dir' | 'mariaDb'>>;

const PLUGIN = 'wp-clone-restore/wp-clone-restore.php';
const TELL_KEY = 'echo \\WpCloneRestore\\Agent\\PairingKeyStore::ensure()->current();';
const VERSION_FILES = ['wp-clone-restore.php', 'includes/autoload.php'];

/** WordPress 6.5 comes without the scripts and styles of wp-admin: a quarter of the bytes. */
const SMALL = { version: '6.5', uploadMb: 1, mediaCount: 2, shopRows: 200, exportMb: 0.1 } as const;
/** As the sample is by default: what takes most of the time of copying so small a site. */
export const LONG_VALUES = { exportMb: 3 } as const;

/** A small sample in a folder of the stack's own; `version: 'debian'` where somebody looks at wp-admin, or files matter. */
export function startSource(stack: TestStack, name: string, variation: Variation = {}): Promise<Source> {
  return startSampleSite({ dir: sourceDir(stack, name), mariaDb: stack.mariaDb, ...SMALL, ...variation });
}

/** A small sample that visitors reach through another port, on which the caller listens. */
export async function startSourceBehind(
  stack: TestStack,
  name: string,
  port: number,
  variation: Pick<Variation, 'version'> = {},
): Promise<Source> {
  const dir = sourceDir(stack, name);
  const site = await createSampleSite({ dir, mariaDb: stack.mariaDb, ...SMALL, ...variation, url: `http://127.0.0.1:${port}` });
  return { ...(await startPhpSite({ dir })), ...site };
}

function sourceDir(stack: TestStack, name: string): string {
  return join(stack.dir, 'sources', name);
}

export function loginOf({ url, admin: { username, password } }: Source): { url: string; username: string; password: string } {
  return { url, username, password };
}

/**
 * Puts our plugin on a site and activates it, as somebody with SFTP would.
 * @param version the version it says it has, when that shall be another than ours
 * @returns its pairing key
 */
export async function installPluginByHand(stack: TestStack, source: Pick<Source, 'dir'>, version?: string): Promise<string> {
  const plugins = join(source.dir, 'wp-content/plugins');
  await runCommand('unzip', ['-q', '-o', stack.pluginZip, '-d', plugins]);
  if (version !== undefined) {
    for (const name of VERSION_FILES) {
      const file = join(plugins, 'wp-clone-restore', name);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/\b\d+\.\d+\.\d+(?='|\s*$)/gm, version));
    }
  }
  return runPhpIn(
    source.dir,
    `require_once ABSPATH . 'wp-admin/includes/plugin.php';
    $problem = activate_plugin( '${PLUGIN}' );
    if ( is_wp_error( $problem ) ) { fwrite( STDERR, $problem->get_error_message() ); exit( 1 ); }
    ${TELL_KEY}`,
  );
}

/** The pairing key of a site that has our plugin. */
export function pairingKeyOf(dir: string): Promise<string> {
  return runPhpIn(dir, TELL_KEY);
}

/** The version of our plugin that a site has. */
export function pluginVersionOf(source: Source): Promise<string> {
  return runPhpIn(source.dir, 'echo WCR_VERSION;');
}

/** What a clone's database is called. */
export function databaseOf(cloneId: string): string {
  return `wcr_${cloneId.replaceAll('-', '_')}`;
}

/** Every difference between a source and its clone that is not allowed. */
export async function findDifferences(
  stack: TestStack,
  source: Source,
  clone: Pick<CloneView, 'id' | 'url'>,
  options: { copiesViews?: boolean; addressless?: RegExp } = {},
): Promise<Difference[]> {
  const { prefix } = source;
  const views = options.copiesViews === false ? await viewsOf(stack, source) : [];
  const isSiteTable = (name: string) =>
    name.startsWith(prefix) && !SAMPLE.foreignTables.test(name) && !name.startsWith(`${prefix}wcr_`) && !views.includes(name);
  return compareSites(
    { url: source.url, dir: source.dir, prefix, db: { server: stack.mariaDb, database: source.database.name } },
    {
      url: clone.url.replace(/\/$/, ''),
      dir: join(stack.localDir, clone.id, 'site'),
      prefix,
      db: { server: stack.mariaDb, database: databaseOf(clone.id) },
    },
    { isSiteTable, foreign: source.addresses.foreign, ...(options.addressless && { addressless: options.addressless }) },
  );
}

async function viewsOf(stack: TestStack, source: Source): Promise<string[]> {
  const connection = await connectAsRoot(stack.mariaDb);
  try {
    const sql = 'SELECT TABLE_NAME AS name FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ?';
    const [rows] = await connection.query<RowDataPacket[]>(sql, [source.database.name]);
    return rows.map((row) => String(row['name']));
  } finally {
    await connection.end();
  }
}
