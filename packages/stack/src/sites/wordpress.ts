import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from '../services/mariadb.ts';
import { runCommand } from '../services/run.ts';
import { type PhpOptions, runPhp } from '../services/run-php.ts';

export type Administrator = { readonly username: string; readonly password: string; readonly email: string };

export type WordPressOptions = {
  /** Root folder of the site; made if missing. */
  readonly dir: string;
  readonly database: Database & { readonly host: string; readonly port: number };
  /** Address of the site without trailing slash, path prefix included. */
  readonly url: string;
  readonly admin: Administrator;
  readonly title?: string;
  /** Table prefix; `wp_` by default. */
  readonly prefix?: string;
  /**
   * `debian`: the distribution's package (complete); `6.2` to `6.5`: as released, without wp-admin's scripts and styles; `nightly`: the
   * newest that can be had (an alpha of 6.7), complete.
   */
  readonly version?: 'debian' | '6.2' | '6.3' | '6.4' | '6.5' | 'nightly';
  /** Pretty permalinks; on by default. */
  readonly permalinks?: boolean;
  /** Further constants of wp-config.php. */
  readonly constants?: Readonly<Record<string, string | number | boolean>>;
};

const DISTRIBUTION_FOLDER = '/usr/share/wordpress';
const phpFolder = join(import.meta.dirname, '../php');

/**
 * Makes a freshly installed WordPress: files, wp-config.php, tables, administrator.
 * @throws Error with PHP's messages when the installation fails
 */
export async function installWordPress(options: WordPressOptions): Promise<void> {
  await placeFiles(options.dir, options.version ?? 'debian');
  writeFileSync(join(options.dir, 'wp-config.php'), wpConfig(options));
  await runPhpInside(options.dir, 'install-wordpress.php', {
    url: options.url,
    title: options.title ?? 'A WordPress',
    admin: options.admin,
    permalinks: options.permalinks ?? true,
  });
}

/** Runs one of our PHP scripts with `input` as JSON on its standard input and the site's folder as `WCR_SITE_ROOT`. */
export function runPhpInside(
  dir: string,
  script: string,
  input: unknown,
  { pictures = false }: Pick<PhpOptions, 'pictures'> = {},
): Promise<string> {
  const settings = { memory_limit: '512M', display_errors: 'stderr', error_reporting: '32767', sendmail_path: '/bin/true' };
  const ini = Object.entries(settings).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
  return runPhp([...ini, '-f', join(phpFolder, script)], {
    ...{ cwd: dir, pictures },
    env: { WCR_SITE_ROOT: dir },
    input: JSON.stringify(input),
  });
}

async function placeFiles(dir: string, version: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  if (version === 'debian') {
    if (!existsSync(join(DISTRIBUTION_FOLDER, 'wp-load.php'))) throw new Error('The package "wordpress" is not installed.');
    // The package links to other packages; a site is made of files.
    await runCommand('cp', ['-RL', `${DISTRIBUTION_FOLDER}/.`, dir]);
    rmSync(join(dir, '.htaccess'), { force: true });
  } else {
    await runCommand('unzip', ['-q', '-o', buildFile(`src/wordpress/wp-${version}.zip`), '-d', dir]);
    if (version === 'nightly') await runCommand('cp', ['-R', `${buildFile('public/wp-nightly')}/.`, dir]);
    // Leftovers of the builds' SQLite set-up.
    rmSync(join(dir, 'wp-content/database'), { recursive: true, force: true });
  }
  rmSync(join(dir, 'wp-config.php'), { force: true });
  if (readdirSync(join(dir, 'wp-content/themes')).every((name) => name === 'index.php')) {
    throw new Error('This WordPress has no theme; install the package "wordpress-theme-twentytwentythree".');
  }
}

function buildFile(path: string): string {
  const entry = fileURLToPath(import.meta.resolve('@wp-playground/wordpress-builds/package.json'));
  return join(dirname(entry), path);
}

function wpConfig(options: WordPressOptions): string {
  const { database, prefix = 'wp_', constants = {} } = options;
  const keys = ['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'].flatMap((name) => [`${name}_KEY`, `${name}_SALT`]);
  const lines = Object.entries({
    DB_NAME: database.name,
    DB_USER: database.user,
    DB_PASSWORD: database.password,
    DB_HOST: `${database.host}:${database.port}`,
    DB_CHARSET: 'utf8mb4',
    DB_COLLATE: '',
    ...Object.fromEntries(keys.map((key) => [key, randomBytes(32).toString('base64')])),
    WP_DEBUG: false,
    // A site for trying things out calls nobody but itself.
    WP_HTTP_BLOCK_EXTERNAL: true,
    AUTOMATIC_UPDATER_DISABLED: true,
    ...constants,
  }).map(([name, value]) => `define( '${name}', ${phpLiteral(value)} );`);
  return `<?php
/** The base configuration of this site. */
${lines.join('\n')}

$table_prefix = '${prefix}';

if ( ! defined( 'ABSPATH' ) ) {
\tdefine( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`;
}

function phpLiteral(value: string | number | boolean): string {
  return typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, '\\$&')}'` : String(value);
}
