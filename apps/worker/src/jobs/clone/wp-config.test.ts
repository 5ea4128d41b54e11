import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderWpConfig } from './wp-config.ts';

const facts = {
  cloneId: 'clone-20261121-075413-abcd',
  url: 'https://clones.example/clone-20261121-075413-abcd',
  sourceHost: 'shop.example',
  expiresAt: 1_795_000_000_000,
  database: { host: 'localhost:/run/db.sock', name: 'wcr_x', user: 'wcr_x', password: "it's a \\ 'test'\\" },
  charset: 'utf8mb4',
  collation: '',
  prefix: "wp_'x",
  constants: {
    LICENCE: "O'Neil \\ $x",
    WP_MEMORY_LIMIT: '256M',
    FLAG: true,
    NUMBER: 1.5,
    NOTHING: null,
    DB_NAME: 'source',
    WP_CACHE: true,
  },
};

/** Runs the file in PHP, with a wp-settings.php that prints what it was given. */
function evaluate(config: string): Record<string, unknown> {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-config-'));
  try {
    writeFileSync(join(dir, 'wp-config.php'), config);
    writeFileSync(
      join(dir, 'wp-settings.php'),
      "<?php echo json_encode( get_defined_constants( true )['user'] + [ 'prefix' => $table_prefix, 'https' => isset( $_SERVER['HTTPS'] ) ] );",
    );
    const { stdout, stderr } = spawnSync('php', ['-d', 'display_errors=stderr', join(dir, 'wp-config.php')], {
      encoding: 'utf8',
      env: { HTTP_X_FORWARDED_PROTO: 'https', PATH: '/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin' },
    });
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Record<string, unknown>;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

it('gives PHP exactly the values, whatever characters they have', () => {
  const constants = evaluate(renderWpConfig(facts));
  expect(constants).toMatchObject({
    DB_PASSWORD: facts.database.password,
    prefix: "wp_'x",
    WP_HOME: facts.url,
    LICENCE: "O'Neil \\ $x",
    NUMBER: 1.5,
    FLAG: true,
    NOTHING: null,
  });
});

it('lets no constant of the source undo the isolation', () => {
  const constants = evaluate(renderWpConfig(facts));
  expect(constants).toMatchObject({
    DB_NAME: 'wcr_x',
    WP_CACHE: false,
    DISABLE_WP_CRON: true,
    WP_HTTP_BLOCK_EXTERNAL: true,
    WP_ENVIRONMENT_TYPE: 'staging',
  });
});

it('tells the clone what login links are signed with, where it has such a secret', () => {
  expect(evaluate(renderWpConfig({ ...facts, loginSecret: 'abc' }))).toMatchObject({ WCR_CLONE_LOGIN_SECRET: 'abc' });
  expect(evaluate(renderWpConfig(facts))).not.toHaveProperty('WCR_CLONE_LOGIN_SECRET');
});

it('gives every clone salts of its own', () => {
  expect(evaluate(renderWpConfig(facts))['AUTH_KEY']).not.toBe(evaluate(renderWpConfig(facts))['AUTH_KEY']);
});

it('knows that a proxy in front speaks HTTPS', () => {
  expect(evaluate(renderWpConfig(facts))['https']).toBe(true);
});

it('takes over no constant that is none, or that says where the clone is', () => {
  const hostile = {
    "X', 1 ); system( 'id' ); define( 'Y": 'x',
    ABSPATH: '/elsewhere/',
    WCR_CLONE_ID: 'clone-of-somebody',
    DB_COLLATE_X: 'x',
    __proto__x: 'kept',
    'LINE\n': 'x',
  };
  const config = renderWpConfig({ ...facts, constants: hostile });
  expect(config).not.toMatch(/system|elsewhere|somebody|DB_COLLATE_X|LINE/);
  expect(evaluate(config)).toMatchObject({ WCR_CLONE_ID: facts.cloneId, __proto__x: 'kept' });
});
