import type { Locator, Page } from 'playwright';
import { PLUGIN_SLUG } from './plugin-zip.ts';

export const SETTINGS_PATH = `options-general.php?page=${PLUGIN_SLUG}`;

export type Pairing = { readonly pairingKey: string; readonly version: string };

/** What our plugin's settings page says: its pairing key and version; undefined when this is not that page. */
export async function readPairing(page: Page): Promise<Pairing | undefined> {
  const pairingKey = await readMark(page.locator('[data-wcr-pairing-key]'), 'data-wcr-pairing-key');
  const version = await readMark(page.locator('[data-wcr-version]'), 'data-wcr-version');
  return /^[0-9a-f]{64}$/i.test(pairingKey) ? { pairingKey, version } : undefined;
}

/** The value stands in the attribute, in the field, or as text. */
async function readMark(all: Locator, attribute: string): Promise<string> {
  if ((await all.count()) === 0) return '';
  const element = all.first();
  const value = (await element.getAttribute(attribute)) || (await element.getAttribute('value')) || (await element.textContent());
  return (value ?? '').trim();
}
