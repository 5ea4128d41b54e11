import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { findBrowser } from '@wcr/stack/services/browser';
import { someOf } from '@wcr/stack/testing/crash-points';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { probeSite } from '../site/probe-site.ts';
import { createBrowserDriver } from './browser.driver.ts';
import type { BrowserDriver, SiteLogin } from './browser.types.ts';
import { createBrowserPool } from './browser-pool.ts';
import { readPluginZip } from './plugin-zip.ts';
import { buildFakePlugin } from './testing/fake-plugin.ts';
import { ownBrowsers } from './testing/own-browsers.ts';
import * as behaviours from './testing/site-behaviours.ts';
import { startTestSite, type TestSite } from './testing/test-site.ts';

const run = promisify(execFile);
const OURS = '2.1.0';

let work: string;
let site: TestSite;
let driver: BrowserDriver;
let zips: Record<'older' | 'ours' | 'newer', string>;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'wcr-browser-test-'));
  zips = {
    older: await buildFakePlugin(work, '2.0.9'),
    ours: await buildFakePlugin(work, OURS),
    newer: await buildFakePlugin(work, '2.10.0'),
  };
  site = await startTestSite();
  driver = createDriver();
});
afterAll(async () => {
  await driver?.close();
  await site?.[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});
beforeEach(() => site.reset());

function createDriver(options: { zip?: string; pageTimeoutMs?: number; totalTimeoutMs?: number } = {}): BrowserDriver {
  return createBrowserDriver({
    pool: createBrowserPool({ executablePath: findBrowser(), sandbox: process.getuid?.() !== 0 }),
    probeSite,
    pluginZip: options.zip ?? zips.ours,
    pageTimeoutMs: options.pageTimeoutMs ?? 30_000,
    ...(options.totalTimeoutMs !== undefined && { totalTimeoutMs: options.totalTimeoutMs }),
    artefactDir: join(work, 'artefacts'),
  });
}

function ensure(login: Partial<SiteLogin> = {}, by: BrowserDriver = driver, signal = new AbortController().signal) {
  return by.ensurePlugin({ url: site.url, ...site.admin, ...login }, { signal, log: () => undefined });
}

const keyOfSite = (of: TestSite = site) => of.runPhp("echo get_option('wcr_fake_key');");
const activePlugins = (of: TestSite = site) => of.runPhp("echo implode(',', get_option('active_plugins'));");

test('a fresh site gets the plugin by one login that does not stay, and is only asked for its key the next time', async () => {
  await site.runPhp('foreach (get_users() as $user) WP_Session_Tokens::get_instance($user->ID)->destroy_all();');
  const zip = join(work, 'real.zip');
  await run('php', [join(import.meta.dirname, '../../../../plugin/bin/build-zip.php'), zip]);
  const { version } = await readPluginZip(zip);
  const real = createDriver({ zip });
  const first = await ensure({}, real);
  expect(first).toEqual({ action: 'installed', pluginVersion: version, pairingKey: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(await activePlugins()).toBe('wp-clone-restore/wp-clone-restore.php');
  expect(await site.countLogins()).toBe(1);
  await expect(ensure({}, real)).resolves.toEqual({ ...first, action: 'already-active' });
  await expect(probeSite({ url: site.url, signal: new AbortController().signal })).resolves.toMatchObject({ agentPresent: true });
  const sessions = await site.runPhp('echo count(WP_Session_Tokens::get_instance(get_users()[0]->ID)->get_all());');
  expect(sessions).toBe('0');
  await real.close();
});

describe('a plugin that is there', () => {
  test('and inactive is activated', async () => {
    await site.placePlugin(zips.ours);
    const setup = await ensure();
    expect(setup).toMatchObject({ action: 'activated', pairingKey: await keyOfSite() });
  });

  test('in an older version and active is updated and keeps its key', async () => {
    const older = createDriver({ zip: zips.older });
    const before = await ensure({}, older);
    await older.close();
    await expect(ensure()).resolves.toEqual({ ...before, action: 'updated', pluginVersion: OURS });
    expect(await activePlugins()).toBe('wp-clone-restore/wp-clone-restore.php');
  });

  test('in an older version and inactive is updated and activated', async () => {
    await site.placePlugin(zips.older);
    await expect(ensure()).resolves.toMatchObject({ action: 'updated', pluginVersion: OURS });
  });

  test('in a newer version is left as it is', async () => {
    await site.placePlugin(zips.newer);
    await expect(ensure()).resolves.toMatchObject({ action: 'activated', pluginVersion: '2.10.0' });
  });

  test('is activated even where files may not be changed', async () => {
    await site.placePlugin(zips.ours);
    await site.configure("define( 'DISALLOW_FILE_MODS', true );");
    await expect(ensure()).resolves.toMatchObject({ action: 'activated' });
  });

  test('that fails while it is activated is reported', async () => {
    const zip = await buildFakePlugin(work, '2.2.0', 'throw new RuntimeException( "no way" );');
    const failing = createDriver({ zip });
    await expect(ensure({}, failing)).rejects.toMatchObject({ code: 'source.plugin_install_failed' });
    await failing.close();
    expect(await activePlugins()).toBe('');
  });
});

describe('what stands in the way of a login', () => {
  const cases: [string, string, Partial<SiteLogin>, number][] = [
    ['source.credentials_rejected', '', { password: 'not the password 9' }, 1],
    ['source.credentials_rejected', '', { username: 'nobody17' }, 1],
    ['source.two_factor_required', behaviours.SECOND_STEP, {}, 1],
    ['source.two_factor_required', behaviours.SECOND_STEP_BY_SCRIPT, {}, 0],
    ['source.captcha_required', behaviours.CAPTCHA, {}, 0],
    ['source.locked_out', behaviours.LOCK_OUT_MESSAGE, {}, 1],
    ['source.locked_out', behaviours.LOCK_OUT_STATUS, {}, 1],
    ['source.login_page_missing', behaviours.MOVED_LOGIN_PAGE, {}, 0],
    ['source.login_page_missing', behaviours.SINGLE_SIGN_ON, {}, 0],
    ['source.multisite_unsupported', behaviours.MULTISITE, {}, 1],
  ];
  // What each of them looks like is recognised in recognise-obstacle.int.test.ts.
  test.each(someOf(cases))('%s is named after at most one try (%#)', async (code, php, login, tries) => {
    await site.behave(php);
    await expect(ensure(login)).rejects.toMatchObject({ code });
    expect(await site.countLogins()).toBe(tries);
  });

  test('a login page that is given and leads to another host', async () => {
    await site.behave(behaviours.SINGLE_SIGN_ON);
    await expect(ensure({ loginUrl: `${site.url}/wp-login.php` })).rejects.toMatchObject({ code: 'source.redirected' });
  });

  test('wrong credentials are told from a lock-out in a scrambled language, too', async () => {
    await site.behave(behaviours.SCRAMBLED_LANGUAGE);
    await expect(ensure({ password: 'wrong' })).rejects.toMatchObject({ code: 'source.credentials_rejected' });
  });

  test('a user who is no administrator', async () => {
    await site.runPhp(`
      foreach (array('editor', 'subscriber') as $role) {
        if (!username_exists($role)) wp_insert_user(array('user_login' => $role, 'user_pass' => 'pass', 'role' => $role));
      }`);
    for (const username of ['editor', 'subscriber']) {
      await expect(ensure({ username, password: 'pass' })).rejects.toMatchObject({ code: 'source.not_administrator' });
    }
  });

  test('a site that forbids changes of files', async () => {
    await site.configure("define( 'DISALLOW_FILE_MODS', true );");
    await expect(ensure()).rejects.toMatchObject({ code: 'source.file_mods_disallowed', retryable: false });
  });

  test('a site that drags everything out is left in the end', async () => {
    await site.behave('if ( is_admin() ) { sleep( 3 ); }');
    const hasty = createDriver({ totalTimeoutMs: 4000 });
    await expect(ensure({}, hasty)).rejects.toMatchObject({ code: 'browser.timeout' });
    await hasty.close();
  });

  test('a page that never comes is named', async () => {
    await site.behave("if ( isset( $_GET['tab'] ) ) { sleep( 20 ); }");
    const hasty = createDriver({ pageTimeoutMs: 4000 });
    await expect(ensure({}, hasty)).rejects.toMatchObject({ code: 'browser.timeout', detail: { page: 'plugin upload' } });
    await hasty.close();
  });
});

describe('sites that make it hard', () => {
  const cases: [string, string[]][] = [
    [
      'other plugins cover the page, PHP prints warnings before it, and the focus is taken away',
      [behaviours.HOSTILE_NOTICES, behaviours.PRINTED_NOTICES, behaviours.STEALS_FOCUS],
    ],
    ['the host asks for the password again on the page of plugins', [behaviours.ASKS_AGAIN_ON_PLUGINS]],
  ];
  test.each(cases)('%s', async (_name, php) => {
    await site.runPhp("delete_option('asked_again');");
    for (const behaviour of php) await site.behave(behaviour);
    const setup = await ensure();
    expect(setup).toMatchObject({ action: 'installed', pairingKey: await keyOfSite() });
  });

  test('every translated string is scrambled, and the administrator’s address is to be confirmed: that is not answered', async () => {
    await site.behave(behaviours.SCRAMBLED_LANGUAGE);
    await site.behave(behaviours.CONFIRM_ADMIN_EMAIL);
    const lifespan = () =>
      site.runPhp(
        'global $wpdb; echo $wpdb->get_var("SELECT option_value FROM $wpdb->options WHERE option_name = \'admin_email_lifespan\'");',
      );
    const before = await lifespan();
    const setup = await ensure();
    expect(setup).toMatchObject({ action: 'installed', pairingKey: await keyOfSite() });
    expect(await lifespan()).toBe(before);
  });

  test('scripts of the site’s own in wp-admin are run, as guards against robots want it', async () => {
    await site.placePlugin(zips.ours);
    await site.behave(behaviours.GUARDS_BY_SCRIPT);
    await expect(ensure()).resolves.toMatchObject({ action: 'activated' });
    expect(await site.runPhp("echo get_option( 'guard_asked' );")).toBe('1');
  });

  test('a login page that was moved, when its address is given', async () => {
    await site.placePlugin(zips.ours);
    await site.behave(behaviours.MOVED_LOGIN_PAGE);
    await expect(ensure({ loginUrl: `${site.url}/secret-door/` })).resolves.toMatchObject({ action: 'activated' });
  });

  test('an upload that is larger than the site takes is told with its reason', async () => {
    await using small = await startTestSite({ ini: { upload_max_filesize: '100', post_max_size: '8M' } });
    await expect(ensure({ url: small.url, ...small.admin })).rejects.toMatchObject({
      code: 'source.plugin_install_failed',
      message: expect.stringMatching(/upload_max_filesize/),
    });
  });

  test('a sub-folder, plain permalinks, and HTTP Basic authentication in front', async () => {
    const basicAuth = { username: 'door', password: 'open sesame' };
    await using other = await startTestSite({ pathPrefix: '/blog', permalinks: false, basicAuth });
    const login = { url: other.url, ...other.admin };
    await expect(ensure(login)).rejects.toMatchObject({ code: 'source.http_auth_required' });
    await expect(ensure({ ...login, loginUrl: `${other.url}/wp-login.php` })).rejects.toMatchObject({
      code: 'source.http_auth_required',
    });
    const setup = await ensure({ ...login, httpAuth: basicAuth });
    expect(setup).toMatchObject({ action: 'installed', pairingKey: await keyOfSite(other) });
  });
});

describe('nothing is left behind', () => {
  test('an abort in the middle ends with its reason, without a context, a process or a half-used login', async () => {
    const before = new Set(await ownBrowsers());
    const controller = new AbortController();
    const pool = createBrowserPool({ executablePath: findBrowser(), sandbox: process.getuid?.() !== 0 });
    const own = createBrowserDriver({ pool, probeSite, pluginZip: zips.ours, pageTimeoutMs: 30_000 });
    await site.behave("if ( isset( $_GET['tab'] ) ) { sleep( 5 ); }");
    const working = own.ensurePlugin(
      { url: site.url, ...site.admin },
      {
        signal: controller.signal,
        log: (message) => message.startsWith('logged in') && controller.abort(new Error('cancelled')),
      },
    );
    await expect(working).rejects.toThrow('cancelled');
    await own.close();
    expect((await ownBrowsers()).filter((pid) => !before.has(pid))).toEqual([]);
  });

  test('passwords and keys are in no error and no artefact', async () => {
    const password = 'geheim-4711-wrong';
    const error = await ensure({ password }).catch((reason: unknown) => reason);
    await site.configure("define( 'DISALLOW_FILE_MODS', true );");
    const second = await ensure().catch((reason: unknown) => reason);
    const kept = await readdir(join(work, 'artefacts'));
    expect(kept.some((name) => name.endsWith('credentials_rejected.png'))).toBe(true);
    const texts = await Promise.all(kept.map((name) => readFile(join(work, 'artefacts', name), 'latin1')));
    const everything = [inspect(error, { depth: 9 }), inspect(second, { depth: 9 }), ...texts].join('\n');
    for (const secret of [password, site.admin.password, site.admin.username]) expect(everything).not.toContain(secret);
  });
});
