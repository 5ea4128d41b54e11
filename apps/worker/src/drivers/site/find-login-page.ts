import type { Get, Page } from './bounded-get.ts';
import { assertNoBasicAuth, redirectOf, staysWithin } from './follow-redirects.ts';
import { parseAddress } from './normalise-address.ts';
import { hasLoginForm } from './recognise-wordpress.ts';

/**
 * Finds the login page: the given one, the one to which wp-admin sends visitors, or wp-login.php.
 * A page that refuses (403, 429, 503) counts as found: a browser sees more of the reason.
 * @returns undefined when none of them is a login page
 */
export async function findLoginPage(get: Get, homeUrl: string, given: string | undefined): Promise<URL | undefined> {
  if (given !== undefined) return acceptable(get, parseAddress(given));
  const announced = await adminRedirect(get, homeUrl);
  const found = announced && (await acceptable(get, announced));
  return found ?? (await acceptable(get, new URL(`${homeUrl}/wp-login.php`)));
}

/** Where wp-admin sends visitors; `reauth` would delete the session and is left out. */
async function adminRedirect(get: Get, homeUrl: string): Promise<URL | undefined> {
  let url = new URL(`${homeUrl}/wp-admin/`);
  for (let hop = 0; hop < 4; hop += 1) {
    const next = redirectOf(await get(url));
    if (!next) break;
    if (!staysWithin(url, next)) return undefined;
    url = next;
  }
  if (/\/wp-admin\/?$/.test(url.pathname)) return undefined;
  url.searchParams.delete('redirect_to');
  url.searchParams.delete('reauth');
  return url;
}

async function acceptable(get: Get, start: URL): Promise<URL | undefined> {
  let url = start;
  for (let hop = 0; hop < 4; hop += 1) {
    const page = await get(url);
    assertNoBasicAuth(page);
    const next = redirectOf(page);
    if (!next) return isLoginPage(page) ? url : undefined;
    if (!staysWithin(url, next)) return undefined;
    url = next;
  }
  return undefined;
}

function isLoginPage(page: Page): boolean {
  return hasLoginForm(page) || [403, 429, 503].includes(page.status);
}
