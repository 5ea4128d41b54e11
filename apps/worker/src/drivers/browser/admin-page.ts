import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { Page, Response } from 'playwright';
import { isOwnAddress } from './guard-requests.ts';

/** A page of the site with named, bounded moves; its errors never carry what was typed. */
export type AdminPage = {
  readonly page: Page;
  /** Loads an address up to its DOM; the name stands in errors. Returns the HTTP status. */
  open(name: string, url: string): Promise<number>;
  /** Does something that may take long or navigate, under the page's name. */
  within<T>(name: string, move: () => Promise<T>): Promise<T>;
  /** The name of the page that was last moved to. */
  readonly at: string;
};

type AdminPageOptions = { readonly hosts: ReadonlySet<string>; readonly timeoutMs: number };

export function createAdminPage(page: Page, options: AdminPageOptions): AdminPage {
  let at = 'start';
  page.setDefaultTimeout(options.timeoutMs);
  page.setDefaultNavigationTimeout(options.timeoutMs);
  // "Leave this page?" and alert() would hold everything up.
  page.on('dialog', (dialog) => void dialog.accept().catch(() => undefined));

  async function within<T>(name: string, move: () => Promise<T>): Promise<T> {
    at = name;
    try {
      const result = await move();
      assertOwnHost(page, options.hosts);
      return result;
    } catch (error) {
      throw nameBrowserError(error, name);
    }
  }

  async function open(name: string, url: string): Promise<number> {
    const response = await within(name, () => gotoPatiently(page, url));
    if (isBasicChallenge(response)) throw new AppError('source.http_auth_required');
    return response?.status() ?? 0;
  }

  return {
    page,
    open,
    within,
    get at() {
      return at;
    },
  };
}

/** A script of the former page may navigate at the same moment; the second try then wins. */
async function gotoPatiently(page: Page, url: string): Promise<Response | null> {
  try {
    return await page.goto(url, { waitUntil: 'domcontentloaded' });
  } catch (error) {
    if (!(error instanceof Error) || !/ERR_ABORTED|interrupted by another navigation/.test(error.message)) throw error;
    return await page.goto(url, { waitUntil: 'domcontentloaded' });
  }
}

function assertOwnHost(page: Page, hosts: ReadonlySet<string>): void {
  if (isOwnAddress(page.url(), hosts) || page.url().startsWith('chrome-error:')) return;
  const { origin, pathname } = new URL(page.url());
  throw new AppError('source.redirected', { location: origin + pathname });
}

function isBasicChallenge(response: Response | null): boolean {
  return response?.status() === 401 && /\bbasic\b/i.test(response.headers()['www-authenticate'] ?? '');
}

/**
 * Names what the browser reports. Playwright's own errors are dropped, not kept as a cause: their logs repeat what was
 * typed into fields.
 */
export function nameBrowserError(error: unknown, page: string): Error {
  if (isAppError(error)) return error;
  // By its name: the class would load all of Playwright into workers that need no browser.
  if (error instanceof Error && error.name === 'TimeoutError') return new AppError('browser.timeout', { page });
  const text = error instanceof Error ? error.message : '';
  const network = /net::(ERR_[A-Z_]+)/.exec(text)?.[1] ?? /NS_ERROR_[A-Z_]+/.exec(text)?.[0];
  if (network === undefined) return new AppError('browser.unavailable', { reason: `it was lost at the page ${page}` });
  if (/CERT|SSL/.test(network)) return new AppError('source.tls_invalid', { reason: network });
  if (network === 'ERR_INVALID_AUTH_CREDENTIALS') return new AppError('source.http_auth_required');
  return new AppError('source.unreachable', { reason: network });
}
