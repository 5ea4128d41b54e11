import { findBrowser } from '@wcr/stack/services/browser';
import { type BrowserPool, createBrowserPool } from '@wcr/worker/drivers/browser/browser-pool';
import type { CloneLogin } from './clone-flow.ts';

type BrowserContext = Parameters<Parameters<BrowserPool['withContext']>[2]>[0];
type Page = Awaited<ReturnType<BrowserContext['newPage']>>;

/** What a person does in wp-admin, with mouse and keyboard. Ends when the site has said that it is done. */
export type AdminAtWork = {
  /** Quick edit in the list of posts. */
  renamePost(id: number, title: string): Promise<void>;
  /** Quick draft on the dashboard. */
  draftPost(title: string, content: string): Promise<void>;
  /** A field of a settings page, by its id. */
  changeSetting(page: `options-${string}.php`, field: string, value: string): Promise<void>;
  /** The form of media-new.php that works without scripts. */
  upload(file: string): Promise<void>;
};

/** Logs in to a clone's wp-admin with a real browser, as the clone's own administrator. */
export async function workInAdmin(login: CloneLogin, work: (admin: AdminAtWork) => Promise<void>): Promise<void> {
  const browsers = createBrowserPool({
    executablePath: findBrowser(),
    sandbox: process.getuid?.() !== 0,
  });
  try {
    await browsers.withContext({ viewport: { width: 1400, height: 1000 } }, new AbortController().signal, async (context) => {
      const page = await context.newPage();
      await logIn(page, login);
      await work(createAdmin(page, new URL('wp-admin/', login.loginUrl).href));
    });
  } finally {
    await browsers.close();
  }
}

async function logIn(page: Page, { username, password, loginUrl }: CloneLogin): Promise<void> {
  await page.goto(loginUrl);
  // WordPress moves the focus there a moment after the page is loaded.
  await page.locator('#user_login:focus').waitFor();
  await page.locator('#user_login').fill(username);
  await page.locator('#user_pass').fill(password);
  await page.locator('#wp-submit').click();
  await page.locator('#wpadminbar').waitFor();
}

function createAdmin(page: Page, adminUrl: string): AdminAtWork {
  const open = (name: string) => page.goto(new URL(name, adminUrl).href, { waitUntil: 'load' });
  return {
    async renamePost(id, title) {
      await open('edit.php');
      await page.locator(`#post-${id} .row-title`).hover();
      await page.locator(`#post-${id} .editinline`).click();
      await page.locator(`#edit-${id} input[name="post_title"]`).fill(title);
      await page.locator(`#edit-${id} .inline-edit-save .save`).click();
      await page.locator(`#post-${id} .row-title`, { hasText: title }).waitFor();
    },
    async draftPost(title, content) {
      await open('index.php');
      await page.locator('#quick-press #title').fill(title);
      await page.locator('#quick-press #content').fill(content);
      await page.locator('#quick-press #save-post').click();
      await page.locator('#dashboard_quick_press .drafts', { hasText: title }).waitFor();
    },
    async changeSetting(name, field, value) {
      await open(name);
      await page.locator(`#${field}`).fill(value);
      await page.locator('#submit').click();
      await page.locator('#setting-error-settings_updated').waitFor();
    },
    async upload(file) {
      await open('media-new.php?browser-uploader');
      await page.locator('#async-upload').setInputFiles(file);
      await page.locator('#html-upload').click();
      await page.waitForURL(/\/upload\.php/);
    },
  };
}
