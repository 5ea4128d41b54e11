import type { Page } from 'playwright';
import { PLUGIN_SLUG } from './plugin-zip.ts';

/** What the list of plugins knows of ours. */
export type PluginRow = {
  readonly active: boolean;
  /** Empty when the row shows none. */
  readonly version: string;
  /** Address that activates the plugin; undefined when it is active or this user may not. */
  readonly activateUrl: string | undefined;
};

const ROW = `#the-list tr[data-plugin$="/${PLUGIN_SLUG}.php"]`;

/** The plugin's row on the page of plugins; undefined when it is not installed. */
export async function readPluginRow(page: Page): Promise<PluginRow | undefined> {
  const row = page.locator(`${ROW}:not(.plugin-update-tr)`).first();
  if ((await row.count()) === 0) return undefined;
  const link = row.locator('a[href*="action=activate"]').first();
  const href = (await link.count()) > 0 ? await link.getAttribute('href') : null;
  const classes = ((await row.getAttribute('class')) ?? '').split(/\s+/);
  return {
    active: classes.includes('active'),
    version: await readVersion(page),
    activateUrl: href === null ? undefined : new URL(href, page.url()).href,
  };
}

/** The words around the number are translated, the number is not. */
async function readVersion(page: Page): Promise<string> {
  const cell = page.locator(`${ROW} .plugin-version-author-uri`).first();
  const text = (await cell.count()) > 0 ? ((await cell.textContent()) ?? '') : '';
  return /\d+(?:\.\d+)+[\w.-]*/.exec(text)?.[0] ?? '';
}
