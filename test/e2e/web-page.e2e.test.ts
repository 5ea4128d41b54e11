import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBrowser } from '@wcr/stack/services/browser';
import { SAMPLE } from '@wcr/stack/sites/sample-site';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ARTEFACTS, createPageJudge, type PageJudge } from '../support/page-judge.ts';
import { type LiveSite, startLiveSite } from '../support/restore-flow.ts';
import { runPhpIn } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

/** Longer than any job takes; a hang ends the test. */
const JOB_MS = 300_000;
const NAME = 'Before the redesign';
const POST = SAMPLE.post.slug;

let stack: TestStack;
let live: LiveSite;
let browser: Browser;
let page: Page;
let judge: PageJudge;
let cloneUrl: string;
/** What the page was kept from, could not do, or asked of somebody else. */
const complaints: string[] = [];

beforeAll(async () => {
  stack = await startTestStack();
  [live, browser] = await Promise.all([startLiveSite(stack, 'live'), launch()]);
  page = await newPage();
  judge = createPageJudge(page, 'web-page');
});

afterAll(async () => {
  await browser?.close();
  await live?.stop();
  await stack?.[Symbol.asyncDispose]();
});

function launch(): Promise<Browser> {
  const sandbox = process.getuid?.() !== 0;
  return chromium.launch({ executablePath: findBrowser() ?? 'none', chromiumSandbox: sandbox, args: ['--disable-gpu'] });
}

async function newPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context: BrowserContext = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', ...options });
  const opened = await context.newPage();
  opened.setDefaultTimeout(60_000);
  opened.on('pageerror', ({ message }) => complaints.push(message));
  opened.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  opened.on('request', (request) => request.url().startsWith(`${stack.apiUrl}/`) || complaints.push(request.url()));
  return opened;
}

async function signIn(on: Page, path = '/'): Promise<void> {
  await on.goto(stack.apiUrl + path);
  await on.getByLabel('API key').fill(stack.secrets.apiKey);
  await on.getByRole('button', { name: 'Sign in' }).click();
  await on.waitForURL(stack.apiUrl + path);
}
const press = (name: string) => page.getByRole('button', { name }).click();
const heading = (name: string | RegExp, on = page) => on.getByRole('heading', { name }).first();
/** What visitors of the live site read. */
const livePost = async () => (await fetch(`${live.url}/${POST}/`)).text();

it('a person signs in and starts a clone with a form', async () => {
  await page.goto(stack.apiUrl);
  await judge('sign-in');
  await signIn(page);
  await page.getByText('No clones yet').waitFor();
  await judge('first-visit');
  await page.getByLabel('Address of the WordPress').fill(live.url);
  await page.getByText('Pairing key, moved login page').click();
  await page.getByLabel('Pairing key').fill(live.access.pairingKey);
  await page.getByLabel('Name', { exact: true }).fill(NAME);
  const followed = page.waitForResponse((answer) => answer.url().endsWith('/events'));
  await press('Start the clone');
  expect((await followed).headers()['content-type']).toBe('text/event-stream');
  // The page came when the first step had hardly begun; nobody loads it again.
  await page.getByText(/^Step [4-9] of 9: /).waitFor({ timeout: JOB_MS });
  await page.locator('#status').filter({ hasNotText: 'Queued' }).waitFor();
  await page.screenshot({ path: join(ARTEFACTS, 'web-page/clone-making-1280-light.png') });
});

it('sees it being made without doing anything, and gets its address and login when asked for', async () => {
  await heading('The clone is ready').waitFor({ timeout: JOB_MS });
  cloneUrl = page.url();
  expect(await page.getByText('in 59 min').or(page.getByText('in 1 h')).count()).toBeGreaterThan(0);
  expect(await page.content()).not.toContain('Login page');
  await press('Show the login');
  const loginPage = (await page.locator('#login a').textContent()) ?? '';
  expect((await fetch(loginPage)).status).toBe(200);
  await judge('clone');
});

it('previews what a restore would change, with what happened on the live site meanwhile', async () => {
  const site = join(stack.localDir, new URL(cloneUrl).pathname.split('/').at(-1) ?? '', 'site');
  const post = `get_page_by_path( '${POST}', OBJECT, 'post' )->ID`;
  await Promise.all([
    runPhpIn(site, `wp_update_post( array( 'ID' => ${post}, 'post_title' => 'Redesigned <in the clone>' ) );`),
    runPhpIn(
      live.dir,
      `wp_insert_comment( array( 'comment_post_ID' => ${post}, 'comment_author' => '<b>Visitor</b>', 'comment_content' => 'Meanwhile' ) );`,
    ),
  ]);
  writeFileSync(join(site, 'wp-content/uploads/new.txt'), 'new');
  await page.goto(cloneUrl);
  await page.getByRole('link', { name: 'Preview a restore' }).click();
  await judge('restore-form');
  await press('Preview');
  await heading('What would change').waitFor({ timeout: JOB_MS });
  expect(await page.getByText('by <b>Visitor</b> on post').count()).toBe(1);
  expect(await page.getByText('1 file written, 0 files removed').count()).toBe(1);
  expect(await livePost()).not.toContain('Redesigned');
  await judge('preview');
});

it('restores after typing the site’s name, reads the report, and rolls back', async () => {
  await page.getByLabel(/^Type .* to confirm/).fill('another.example');
  await press('Restore now');
  await page.getByText('request.invalid').waitFor();
  expect(complaints.splice(0)).toEqual([expect.stringContaining('400')]);
  await judge('confirm-refused');
  await page.getByLabel(/^Type .* to confirm/).fill(new URL(live.url).host);
  await press('Restore now');
  await heading('What was changed').waitFor({ timeout: JOB_MS });
  expect(await page.getByText('every hash was compared').count()).toBe(1);
  expect(await livePost()).toContain('Redesigned');
  await judge('restored');
  await page.locator('summary', { hasText: 'Roll back' }).click();
  await press('Yes, roll back');
  await heading('It was rolled back').waitFor({ timeout: JOB_MS });
  expect(await livePost()).not.toContain('Redesigned');
  await judge('rolled-back');
});

it('looks at everything that was done, and at the log of a job', async () => {
  await page.goto(stack.apiUrl);
  for (const what of ['Clone', 'Preview', 'Restore', 'Rollback'])
    await page.getByRole('link', { name: what, exact: true }).waitFor();
  await judge('dashboard');
  await page.getByRole('link', { name: 'Clone', exact: true }).click();
  await page.getByText('publish-clone').first().waitFor();
  await judge('job');
  await page.goto(`${stack.apiUrl}/sign-in`);
  await judge('session');
});

it('extends and deletes the clone in a browser without scripts, and signs out', async () => {
  const plain = await newPage({ javaScriptEnabled: false });
  await signIn(plain, new URL(cloneUrl).pathname);
  await plain.getByRole('button', { name: '3 days' }).click();
  await plain.getByText('The clone has a new expiry.').waitFor();
  expect(await plain.locator('time[data-countdown]').first().textContent()).toMatch(/in (2 d 23 h|3 d 0 h)/);
  await plain.locator('summary', { hasText: 'Delete this clone now' }).click();
  await plain.getByRole('button', { name: 'Yes, delete it' }).click();
  // The page loads itself again until it is gone.
  await heading('The clone is gone', plain).waitFor({ timeout: JOB_MS });
  await plain.getByRole('button', { name: 'Sign out' }).click();
  await plain.getByLabel('API key').waitFor();
  await plain.goto(cloneUrl);
  expect(plain.url()).toContain('/sign-in?next=');
  await page.goto(cloneUrl);
  await heading('The clone is gone').waitFor();
  await judge('clone-gone');
  expect(complaints).toEqual([]);
});
