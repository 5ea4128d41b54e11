import { randomBytes } from 'node:crypto';

export type WpConfigFacts = {
  readonly cloneId: string;
  readonly url: string;
  readonly sourceHost: string;
  readonly expiresAt: number;
  /** What login links are signed with; a clone without it takes none. */
  readonly loginSecret?: string | undefined;
  readonly database: { readonly host: string; readonly name: string; readonly user: string; readonly password: string };
  readonly charset: string;
  readonly collation: string;
  readonly prefix: string;
  /** Simple constants of the source that are neither secrets nor addresses. */
  readonly constants: Readonly<Record<string, string | number | boolean | null>>;
};

const SALTS = [
  'AUTH_KEY',
  'SECURE_AUTH_KEY',
  'LOGGED_IN_KEY',
  'NONCE_KEY',
  'AUTH_SALT',
  'SECURE_AUTH_SALT',
  'LOGGED_IN_SALT',
  'NONCE_SALT',
];

/** The clone's own wp-config.php: its database and address, new salts, the isolation switches, then the source's constants. */
export function renderWpConfig(facts: WpConfigFacts): string {
  const own: Record<string, string | number | boolean | null> = {
    DB_NAME: facts.database.name,
    DB_USER: facts.database.user,
    DB_PASSWORD: facts.database.password,
    DB_HOST: facts.database.host,
    DB_CHARSET: facts.charset,
    DB_COLLATE: '',
    ...Object.fromEntries(SALTS.map((name) => [name, randomBytes(36).toString('base64')])),
    WP_HOME: facts.url,
    WP_SITEURL: facts.url,
    WP_ENVIRONMENT_TYPE: 'staging',
    WP_CACHE: false,
    WP_CACHE_KEY_SALT: facts.cloneId,
    DISABLE_WP_CRON: true,
    AUTOMATIC_UPDATER_DISABLED: true,
    WP_HTTP_BLOCK_EXTERNAL: true,
    WCR_CLONE_ID: facts.cloneId,
    WCR_CLONE_SOURCE: facts.sourceHost,
    WCR_CLONE_EXPIRES_AT: Math.floor(facts.expiresAt / 1000),
    ...(facts.loginSecret === undefined ? {} : { WCR_CLONE_LOGIN_SECRET: facts.loginSecret }),
  };
  const carried = Object.entries(facts.constants).filter(([name]) => !Object.hasOwn(own, name) && isCarried(name));
  return [
    '<?php',
    '// Made by wp-clone-restore for this clone; the source’s own wp-config.php was not copied.',
    ...Object.entries(own).map(([name, value]) => define(name, value)),
    ...carried.map(([name, value]) => define(name, value)),
    `$table_prefix = ${literal(facts.prefix)};`,
    "if ( strpos( isset( $_SERVER['HTTP_X_FORWARDED_PROTO'] ) ? $_SERVER['HTTP_X_FORWARDED_PROTO'] : '', 'https' ) !== false ) { $_SERVER['HTTPS'] = 'on'; }",
    "if ( ! defined( 'ABSPATH' ) ) { define( 'ABSPATH', __DIR__ . '/' ); }",
    "require_once ABSPATH . 'wp-settings.php';",
    '',
  ].join('\n');
}

/** A source names them: nothing but constants, and none that says who or where the clone is. */
function isCarried(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) && name !== 'ABSPATH' && !/^(?:WCR|DB)_/.test(name);
}

function define(name: string, value: string | number | boolean | null): string {
  return `define( ${literal(name)}, ${literal(value)} );`;
}

/** A PHP literal; text in single quotes, where only the quote and the backslash have a meaning. */
function literal(value: string | number | boolean | null): string {
  return typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : String(value);
}
