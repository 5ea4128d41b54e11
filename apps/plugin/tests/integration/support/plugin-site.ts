import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsRoot, type Database, type MariaDbAddress } from '../../../../../packages/stack/src/services/mariadb.ts';
import { type PhpSite, type PhpSiteOptions, startPhpSite } from '../../../../../packages/stack/src/services/php-site.ts';
import { runCommand } from '../../../../../packages/stack/src/services/run.ts';
import { runPhp } from '../../../../../packages/stack/src/services/run-php.ts';
import { installWordPress, type WordPressOptions } from '../../../../../packages/stack/src/sites/wordpress.ts';
import { useMariaDb } from '../../../../../packages/stack/src/testing/services.ts';

const plugin = join(import.meta.dirname, '../../..');

export type PluginSite = AsyncDisposable & {
  readonly site: PhpSite;
  readonly dir: string;
  readonly server: MariaDbAddress;
  readonly database: Database;
  /** Runs PHP code inside the site's WordPress, as its administrator, and returns what it prints. */
  php(code: string): Promise<string>;
  pairingKey(): Promise<string>;
  query(text: string): Promise<Record<string, unknown>[]>;
};

export type PluginSiteOptions = Pick<WordPressOptions, 'version' | 'permalinks' | 'prefix' | 'constants'> &
  Pick<PhpSiteOptions, 'pathPrefix' | 'basicAuth' | 'ini'> & { readonly activate?: boolean };

/** A WordPress of its own with the plugin installed, and activated unless told otherwise. */
export async function startPluginSite(options: PluginSiteOptions = {}): Promise<PluginSite> {
  const { pathPrefix, basicAuth, ini, activate = true, ...wordpress } = options;
  const base = mkdtempSync(join(tmpdir(), 'wcr-plugin-site-'));
  const dir = join(base, 'site');
  const server = await useMariaDb();
  const database = await server.createDatabase();
  mkdirSync(dir, { recursive: true });
  const site = await startPhpSite({
    dir,
    ...(pathPrefix && { pathPrefix }),
    ...(basicAuth && { basicAuth }),
    ...(ini && { ini }),
  });
  const admin = { username: 'admin', password: 'secret-password', email: 'admin@example.org' };
  await installWordPress({
    dir,
    database: { ...database, host: server.host, port: server.port },
    url: site.url,
    admin,
    // The smallest: only who looks at wp-admin needs one that is complete.
    version: '6.5',
    ...wordpress,
  });
  // From the zip, so that a file missing there is noticed.
  const zip = join(base, 'plugin.zip');
  await runPhp([join(plugin, 'bin/build-zip.php'), zip]);
  await runCommand('unzip', ['-q', zip, '-d', join(dir, 'wp-content/plugins')]);
  const sql = await connectAsRoot(server, database.name);
  const php = (code: string) => runInside(dir, site.url, code);
  if (activate) await php("activate_plugin( 'wp-clone-restore/wp-clone-restore.php' );");
  return {
    ...{ site, dir, server, database, php },
    pairingKey: () => readPairingKey(sql, wordpress.prefix),
    query: async (text) => (await sql.query(text))[0] as Record<string, unknown>[],
    [Symbol.asyncDispose]: async () => {
      await site.stop();
      await sql.end();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** By SQL: tests ask for it again and again, and WordPress takes half a second to load. */
async function readPairingKey(sql: Awaited<ReturnType<typeof connectAsRoot>>, prefix = 'wp_'): Promise<string> {
  const [rows] = await sql.query(`SELECT option_value AS value FROM \`${prefix}options\` WHERE option_name = 'wcr_pairing_keys'`);
  const [row] = rows as { value: string }[];
  return row === undefined ? '' : (JSON.parse(row.value) as { current: string }).current;
}

async function runInside(dir: string, url: string, code: string): Promise<string> {
  const file = join(dir, '..', `run-${Math.random().toString(36).slice(2)}.php`);
  const { host, pathname } = new URL(url);
  const prelude = `$_SERVER['HTTP_HOST'] = '${host}'; $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1'; $_SERVER['REQUEST_METHOD'] = 'GET'; $_SERVER['REQUEST_URI'] = '${pathname}';`;
  const load = `define( 'WP_ADMIN', true ); require '${dir}/wp-load.php'; require_once ABSPATH . 'wp-admin/includes/admin.php'; wp_set_current_user( 1 );`;
  writeFileSync(file, `<?php ${prelude} ${load} ${code}`);
  try {
    return await runPhp(['-d', 'display_errors=stderr', file], { cwd: dir });
  } finally {
    rmSync(file, { force: true });
  }
}
