import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPhpSite } from '@wcr/stack/services/php-site';
import { findFreePort } from '@wcr/stack/services/process';
import { installWordPress } from '@wcr/stack/sites/wordpress';
import { useMariaDb } from '@wcr/stack/testing/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AdminBrowser,
  fitsWidth,
  openAdminBrowser,
  type Page,
  seriousViolations,
  signIn,
  takeShot,
} from '../support/admin-browser.ts';
import { type LiveSite, startLiveSite } from '../support/restore-flow.ts';
import { installPluginByHand, runPhpIn } from '../support/sample-sources.ts';
import { findInFiles, findSecrets } from '../support/secret-search.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const TOOLS = '/wp-admin/tools.php?page=wp-clone-restore-tools';
const FIREWALL = join(import.meta.dirname, '../support/early-firewall.php');
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };
/** Has WordPress take its language for one that is written from right to left. */
const RIGHT_TO_LEFT = `<?php add_filter( 'gettext_with_context', static function ( $text, $plain, $context ) {
  return 'text direction' === $context ? 'rtl' : $text;
}, 10, 3 );`;

let stack: TestStack;
let browser: AdminBrowser;
let page: Page;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startTestStack(), openAdminBrowser()]);
  page = browser.page;
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
});

const message = () => page.locator('#wcr-message');
const press = (name: string | RegExp) => page.getByRole('button', { name }).first().click();

async function connect(url: string, key: string): Promise<void> {
  await page.getByLabel('Address').fill(url);
  await page.getByLabel('Key').fill(key);
  await press('Test and connect');
}

/** Waits for the message that ends something, and fails at once with an error that is shown instead. */
async function untilSaid(text: string): Promise<void> {
  await page
    .locator('#wcr-page .wcr-notice', { hasText: text })
    .or(page.locator(':is(#wcr-message, #wcr-progress) .notice-error'))
    .first()
    .waitFor();
  expect(await message().textContent()).toContain(text);
}

describe('on WordPress 6.1', () => {
  let live: LiveSite;
  let clone: { id: string; dir: string; url: string };
  const inLive = (php: string) => runPhpIn(live.dir, php);
  const inClone = (php: string) => runPhpIn(clone.dir, php);
  const titles = (...slugs: string[]) =>
    `foreach ( array( '${slugs.join("','")}' ) as $s ) { echo get_page_by_path( $s )->post_title, '|'; }`;
  const rename = (slug: string, title: string) =>
    `wp_update_post( array( 'ID' => get_page_by_path( '${slug}' )->ID, 'post_title' => '${title}' ) );`;

  beforeAll(async () => {
    live = await startLiveSite(stack, 'live', { version: 'debian' });
    await signIn(browser, live);
    await page.goto(live.url + TOOLS);
  });
  afterAll(() => live?.stop());

  it('the first visit asks for a service, and can be used by keyboard alone', async () => {
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Clone & Restore');
    expect(await page.getByText('looks like one on your own computer').isVisible()).toBe(true);
    expect(await page.locator('#wcr-main').isVisible()).toBe(false);
    await page.getByLabel('Address').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Test and connect');
    expect(await seriousViolations(page)).toEqual([]);
    await takeShot(page, '1-first-visit');
  });

  it('a service that is away, another site’s address and a wrong key each get a clear answer, and nothing is kept', async () => {
    await connect(`http://127.0.0.1:${await findFreePort()}`, stack.secrets.apiKey);
    await untilSaid('The clone service does not answer');
    await connect(live.url, stack.secrets.apiKey);
    await untilSaid('What answers at this address is not a clone service');
    await connect('http://clones.example.com', stack.secrets.apiKey);
    await untilSaid('This address is not encrypted');
    await connect(stack.apiUrl, 'wrong-key-0123456789');
    await untilSaid('The API key is not known.');
    expect(await message().textContent()).toContain('Connect with a key that is valid');
    expect(await page.evaluate('document.activeElement.id')).toBe('wcr-message');
    await takeShot(page, '2-wrong-key');
    expect(await inLive("echo get_option( 'wcr_connection', 'nothing' );")).toBe('nothing');
  });

  it('connects, and never shows the key again', async () => {
    await connect(stack.apiUrl, stack.secrets.apiKey);
    await untilSaid('The service answers, and the key is good.');
    expect(await page.locator('#wcr-connected-to').textContent()).toContain(stack.secrets.apiKey.slice(-4));
    const html = await (await page.request.get(live.url + TOOLS)).text();
    expect(html).toContain(stack.apiUrl.replaceAll('/', '\\/'));
    expect(html).not.toContain(stack.secrets.apiKey);
  });

  it('clones this site with no password and no browser, and shows how far it is', async () => {
    await page.getByLabel('Name').fill('Before the redesign');
    await page.getByLabel('How long it lives').selectOption('1 hour');
    await press('Clone this site');
    await page.locator('#wcr-progress .wcr-step-current').waitFor();
    expect(await page.locator('#wcr-progress .wcr-step').count()).toBe(9);
    expect(await seriousViolations(page)).toEqual([]);
    await takeShot(page, '3-cloning');
    await untilSaid('The clone is ready.');
    const item = page.locator('[data-wcr-clone]');
    expect(await item.textContent()).toMatch(/Before the redesign.*Ready.*(60|59) minutes left/);
    const url = (await item.locator('a').getAttribute('href')) ?? '';
    const id = (await item.getAttribute('data-wcr-clone')) ?? '';
    clone = { id, url, dir: join(stack.localDir, id, 'site') };
    expect(await seriousViolations(page)).toEqual([]);
    await takeShot(page, '4-ready');
    expect(stack.readLogs()).not.toContain('browser ensure-plugin');
  });

  it('logs in to the clone with one click; the page there says that it is a clone, and the link is used up', async () => {
    const [tab] = await Promise.all([browser.context.waitForEvent('page'), press('Log in to the clone')]);
    const posted = tab.waitForRequest((request) => request.method() === 'POST' && request.url().includes('?wcr-login'));
    const token = (await posted).postData() ?? '';
    await tab.waitForURL(`${clone.url.replace(/\/$/, '')}/wp-admin/`);
    await tab.goto(clone.url.replace(/\/$/, '') + TOOLS);
    expect(await tab.locator('#wcr-in-clone').textContent()).toContain('temporary copy of 127.0.0.1');
    expect(await tab.getByRole('button', { name: 'Clone this site' }).count()).toBe(0);
    await takeShot(tab, '5-in-clone');
    await tab.close();
    const again = await fetch(`${clone.url.replace(/\/$/, '')}/?wcr-login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: token,
    });
    expect(await again.text()).toContain('This login link does not work');
    expect([token.length > 100, again.status]).toEqual([true, 403]);
    expect(stack.readLogs()).not.toContain(decodeURIComponent(token.split('=')[1] ?? '').slice(0, 60));
  });

  it('the clone has neither the key of the service nor the connection', async () => {
    const secrets = { 'key of the service': stack.secrets.apiKey };
    const rows = await inClone(
      `foreach ( $wpdb->get_col( 'SHOW TABLES' ) as $table ) { echo wp_json_encode( $wpdb->get_results( "SELECT * FROM \`$table\`" ) ); }`,
    );
    expect(rows).toContain('Sample post 1');
    expect(findSecrets(rows, secrets)).toEqual([]);
    expect(findInFiles(clone.dir, secrets, (path) => /^wp-(admin|includes)\//.test(path))).toEqual([]);
    expect(rows).not.toContain('wcr_connection');
  });

  it('gives the clone more time', async () => {
    await page.getByLabel('Let it live for').selectOption('3 days from now');
    await press(/^Change/);
    await untilSaid('The clone now lives until');
    expect(await page.locator('[data-wcr-clone]').textContent()).toContain('3 days left');
  });

  it('previews a restore as a readable summary, with what changed here since and what would be lost', async () => {
    await inClone(`${rename('about', 'About, from the clone')} update_option( 'blogdescription', 'From the clone' );`);
    await inLive(
      `${rename('about', 'About, from here')} wp_insert_user( array( 'user_login' => 'newcomer', 'user_pass' => 'x-4711', 'role' => 'subscriber' ) );`,
    );
    await press(/^Restore from it/);
    await press('Preview restore');
    await page.locator('#wcr-preview-title').waitFor();
    expect(await page.locator('#wcr-preview-title').textContent()).toMatch(/^\d changes? made here since would be overwritten$/);
    const summary = (await page.locator('#wcr-preview').textContent()) ?? '';
    expect(summary).toMatch(/Database\d+ tables?; rows: \d+ added, \d+ changed/);
    expect(summary).toMatch(/Plugins.*Stay as they are: .*Sample Shop 1\.2\.3/);
    expect(await page.locator('.wcr-lost').textContent()).toContain('About, from here (changed)');
    expect(await page.locator('.wcr-kept').textContent()).toContain('User: newcomer (new)');
    expect(await seriousViolations(page)).toEqual([]);
    await takeShot(page, '6-preview');
    expect(await inLive(titles('about'))).toBe('About, from here|');
  });

  it('restores only when the name of this site was typed, and shows the report', async () => {
    await page.getByLabel('Overwrite these changes').check();
    await page.getByLabel('Type 127.0.0.1 to confirm').fill('somewhere.example');
    await press('Restore to this site');
    await untilSaid('Type 127.0.0.1 to confirm');
    expect(await inLive(titles('about'))).toBe('About, from here|');
    await page.getByLabel('Type 127.0.0.1 to confirm').fill('127.0.0.1');
    await press('Restore to this site');
    await page.locator('#wcr-progress .wcr-step-current').waitFor();
    await takeShot(page, '7-restoring');
    await untilSaid('This site has been restored from the clone.');
    await page.locator('#wcr-history .wcr-summary').waitFor();
    expect(await page.locator('#wcr-history').textContent()).toMatch(/Done.*Can be undone until.*About, from here/);
    expect(await seriousViolations(page)).toEqual([]);
    await takeShot(page, '8-restored');
    expect(await inLive(`${titles('about')} echo get_option( 'blogdescription' );`)).toBe('About, from the clone|From the clone');
    expect(await inLive("echo json_decode( get_option( 'wcr_connection' ) )->key;")).toBe(stack.secrets.apiKey);
  });

  it('undoes the restore', async () => {
    await press('Undo');
    await press('Undo this restore now');
    await untilSaid('This site is as it was before the restore.');
    expect(await inLive(titles('about'))).toBe('About, from here|');
    expect(await page.locator('#wcr-history').textContent()).toContain('Undone');
  });

  it('shows the same on a phone and from right to left, with nothing out of the window', async () => {
    await page.setViewportSize(PHONE);
    await page.reload();
    await page.locator('[data-wcr-clone]').waitFor();
    expect(await fitsWidth(page)).toBe(true);
    expect(await seriousViolations(page)).toEqual([]);
    await takeShot(page, '9-phone');
    const mirror = join(live.dir, 'wp-content/mu-plugins/right-to-left.php');
    writeFileSync(mirror, RIGHT_TO_LEFT);
    await page.reload();
    await page.locator('[data-wcr-clone]').waitFor();
    expect(await page.evaluate('getComputedStyle(document.body).direction')).toBe('rtl');
    expect(await fitsWidth(page)).toBe(true);
    await takeShot(page, '10-phone-right-to-left');
    await page.setViewportSize(DESKTOP);
    await takeShot(page, '10-right-to-left');
    rmSync(mirror);
  });

  it('deletes the clone after asking once more', async () => {
    await press(/^Delete/);
    await press('Keep it');
    await press(/^Delete/);
    await press('Delete for good');
    await untilSaid('The clone is being removed.');
    expect(await page.locator('[data-wcr-clone]').textContent()).toMatch(/Being removed|Expired/);
  });
});

describe('on the newest WordPress, beside a plugin that minds nobody', () => {
  let site: { url: string; dir: string; stop(): Promise<void> };

  beforeAll(async () => {
    const server = await useMariaDb();
    const dir = join(stack.dir, 'sources/newest');
    const [database, port] = await Promise.all([server.createDatabase(), findFreePort()]);
    const url = `http://127.0.0.1:${port}`;
    const admin = { username: 'owner', password: 'owner-0815', email: 'owner@example.com' };
    mkdirSync(dir, { recursive: true });
    await installWordPress({
      ...{ dir, url, admin },
      version: 'nightly',
      database: { ...database, host: server.host, port: server.port },
    });
    const config = join(dir, 'wp-config.php');
    writeFileSync(config, readFileSync(config, 'utf8').replace('<?php', `<?php require '${FIREWALL}';`));
    site = { ...(await startPhpSite({ dir, port })), url, dir };
    await installPluginByHand(stack, { dir });
    mkdirSync(join(dir, 'wp-content/plugins/hostile-admin'));
    cpSync(
      join(import.meta.dirname, '../support/hostile-admin.php'),
      join(dir, 'wp-content/plugins/hostile-admin/hostile-admin.php'),
    );
    await runPhpIn(
      dir,
      "require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( 'hostile-admin/hostile-admin.php' );",
    );
    await browser.context.clearCookies();
    await signIn(browser, site);
    await page.goto(site.url + TOOLS);
  });
  afterAll(() => site?.stop());

  it('the page is whole, says what is wrong, and connects', async () => {
    expect(await page.locator('#shout').first().isVisible()).toBe(true);
    expect(await page.locator('#wcr-main').isVisible()).toBe(false);
    await connect(stack.apiUrl, 'wrong-key-0123456789');
    await untilSaid('The API key is not known.');
    expect(await message().locator('.wcr-notice').isVisible()).toBe(true);
    await connect(stack.apiUrl, stack.secrets.apiKey);
    await untilSaid('The service answers, and the key is good.');
  });

  it('a clone that fails says why and what to do, and works when it is tried again', async () => {
    const block = join(site.dir, 'wp-content/firewall-is-up');
    writeFileSync(block, '');
    await press('Clone this site');
    const failure = page.locator('#wcr-progress .notice-error');
    await failure.waitFor();
    expect(await failure.textContent()).toContain('Allow requests with the header X-Wcr-Operation');
    expect(await failure.isVisible()).toBe(true);
    await takeShot(page, '11-newest-failed');
    rmSync(block);
    await press('Try again');
    await untilSaid('The clone is ready.');
    expect(await page.locator('[data-wcr-clone]').first().textContent()).toContain('Ready');
    await takeShot(page, '12-newest-ready');
    // axe-core does not bear what this plugin has added to every object.
    await page.evaluate('delete Object.prototype.shout; delete Array.prototype.shout');
    expect(await seriousViolations(page)).toEqual([]);
  });
});
