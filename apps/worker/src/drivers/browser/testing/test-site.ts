import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { startPhpSite } from '@wcr/stack/services/php-site';
import { runPhpIn } from '@wcr/stack/services/run-php';
import { installWordPress } from '@wcr/stack/sites/wordpress';
import { useMariaDb } from '@wcr/stack/testing/services';
import type { Connection } from 'mysql2/promise';
import { COUNT_LOGINS } from './site-behaviours.ts';

const run = promisify(execFile);

export type TestSite = AsyncDisposable & {
  readonly url: string;
  readonly dir: string;
  readonly admin: { readonly username: string; readonly password: string };
  /** Makes the site behave in some way until `reset`: PHP of a must-use plugin, without the opening tag. */
  behave(php: string): Promise<void>;
  /** Adds a line to wp-config.php until `reset`. */
  configure(php: string): Promise<void>;
  /** Runs PHP inside the site and returns what it prints. */
  runPhp(php: string): Promise<string>;
  /** How often the login form was sent since `reset`. */
  countLogins(): Promise<number>;
  /** Puts our plugin's files there, not activated. */
  placePlugin(zip: string): Promise<void>;
  /** No plugins, no special behaviour. */
  reset(): Promise<void>;
};

export type TestSiteOptions = {
  readonly pathPrefix?: string;
  readonly permalinks?: boolean;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  readonly ini?: Readonly<Record<string, string>>;
};

/** A real WordPress on loopback whose behaviour a test can change. */
export async function startTestSite(options: TestSiteOptions = {}): Promise<TestSite> {
  const { permalinks, ...server } = options;
  const home = await mkdtemp(join(tmpdir(), 'wcr-browser-site-'));
  const dir = join(home, 'site');
  const mariaDb = await useMariaDb();
  const database = { ...(await mariaDb.createDatabase()), host: mariaDb.host, port: mariaDb.port };
  const site = await startPhpSite({ dir, ...server, ini: { 'opcache.revalidate_freq': '0', ...server.ini } });
  const admin = { username: 'anna.admin', password: 'K7 "quoted" & <odd> pässword' };
  await installWordPress({
    dir,
    database,
    url: site.url,
    admin: { ...admin, email: 'anna@site.example' },
    permalinks: permalinks ?? true,
  });
  const paths = {
    home,
    dir,
    logins: join(home, 'logins'),
    mu: join(dir, 'wp-content/mu-plugins'),
    config: join(dir, 'wp-config.php'),
  };
  const config = await readFile(paths.config, 'utf8');
  const sql = await connectAsRoot(mariaDb, database.name);
  const test: TestSite = {
    url: site.url,
    admin,
    ...createControls(paths, config, sql),
    async [Symbol.asyncDispose]() {
      await site.stop();
      await sql.end();
      await rm(home, { recursive: true, force: true });
    },
  };
  await test.reset();
  return test;
}

type Paths = { readonly dir: string; readonly logins: string; readonly mu: string; readonly config: string };

function createControls(
  paths: Paths,
  config: string,
  sql: Connection,
): Omit<TestSite, 'url' | 'admin' | typeof Symbol.asyncDispose> {
  let behaviours = 0;
  const write = (name: string, php: string) => writeFile(join(paths.mu, name), `<?php\n${php}\n`);

  const runPhp = (php: string) => runPhpIn(paths.dir, php);

  return {
    dir: paths.dir,
    runPhp,
    async behave(php) {
      behaviours += 1;
      await write(`behaviour-${behaviours}.php`, php);
    },
    configure: (php) => writeFile(paths.config, config.replace('<?php', `<?php\n${php}`)),
    countLogins: async () => (await readFile(paths.logins, 'utf8')).length,
    async placePlugin(zip) {
      await run('unzip', ['-q', '-o', zip, '-d', join(paths.dir, 'wp-content/plugins')]);
    },
    async reset() {
      await writeFile(paths.config, config);
      await rm(paths.mu, { recursive: true, force: true });
      await rm(join(paths.dir, 'wp-content/plugins/wp-clone-restore'), { recursive: true, force: true });
      await mkdir(paths.mu, { recursive: true });
      await writeFile(paths.logins, '');
      await write('a-count-logins.php', COUNT_LOGINS.replace('LOGINS_FILE', paths.logins));
      // Not by WordPress, which takes ten times as long to load.
      await sql.query("UPDATE wp_options SET option_value = 'a:0:{}' WHERE option_name = 'active_plugins'");
      await sql.query("DELETE FROM wp_options WHERE option_name = 'wcr_fake_key'");
    },
  };
}
