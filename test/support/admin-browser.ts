import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findBrowser } from '@wcr/stack/services/browser';
import { type BrowserPool, createBrowserPool } from '@wcr/worker/drivers/browser/browser-pool';
import axe, { type AxeResults } from 'axe-core';
import { runPhpIn } from './sample-sources.ts';

export type BrowserContext = Parameters<Parameters<BrowserPool['withContext']>[2]>[0];
export type Page = Awaited<ReturnType<BrowserContext['newPage']>>;

export type AdminBrowser = AsyncDisposable & {
  readonly context: BrowserContext;
  readonly page: Page;
};

const SHOTS = join(import.meta.dirname, '../artefacts/plugin-page');

/** One browser with one page, signed in nowhere, until it is disposed of. */
export async function openAdminBrowser(): Promise<AdminBrowser> {
  const pool = createBrowserPool({ executablePath: findBrowser(), sandbox: process.getuid?.() !== 0 });
  const ended = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<{ context: BrowserContext; page: Page }>();
  const lent = pool.withContext({ viewport: { width: 1280, height: 900 } }, new AbortController().signal, async (context) => {
    // What is slow is not wrong; a hang ends with the test's own time.
    context.setDefaultTimeout(300_000);
    opened.resolve({ context, page: await context.newPage() });
    await ended.promise;
  });
  lent.catch(opened.reject);
  return {
    ...(await opened.promise),
    async [Symbol.asyncDispose]() {
      ended.resolve();
      await lent;
      await pool.close();
    },
  };
}

/** Signs the first administrator of a site in without a page: as its own WordPress would, by its cookies. */
export async function signIn({ context }: AdminBrowser, site: { readonly dir: string; readonly url: string }): Promise<void> {
  const text = await runPhpIn(
    site.dir,
    `$id = get_users( array( 'role' => 'administrator', 'orderby' => 'ID', 'number' => 1 ) )[0]->ID;
    $end = time() + DAY_IN_SECONDS;
    $token = WP_Session_Tokens::get_instance( $id )->create( $end );
    echo wp_json_encode( array( AUTH_COOKIE => wp_generate_auth_cookie( $id, $end, 'auth', $token ),
      LOGGED_IN_COOKIE => wp_generate_auth_cookie( $id, $end, 'logged_in', $token ) ) );`,
  );
  const cookies = Object.entries(JSON.parse(text) as Record<string, string>);
  await context.addCookies(cookies.map(([name, value]) => ({ name, value: encodeURIComponent(value), url: site.url })));
}

/** What axe-core finds serious in our part of a page, in words. WordPress moves the notices of others into it: they are left out. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    `axe.run({ include: [['#wcr-page']], exclude: [['.notice:not(.wcr-notice)'], ['.updated']] }, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })`,
  )) as AxeResults;
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** Keeps a picture of the page for people to look at. */
export async function takeShot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true, animations: 'disabled' });
}

/** True when nothing of our page stands out of the window. */
export function fitsWidth(page: Page): Promise<boolean> {
  return page.evaluate(
    `[...document.querySelectorAll('#wcr-page *')].every((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      return width === 0 || getComputedStyle(element).clipPath !== 'none' || (left >= -1 && right <= innerWidth + 1);
    })`,
  );
}
