import { AppError } from '@wcr/shared/errors/app-error';
import type { Get, Page } from './bounded-get.ts';

const MAX_REDIRECTS = 5;

/**
 * Loads a page and follows redirects as long as they stay on the host and do not fall back to clear text.
 * @throws AppError `source.redirected` for any other, `source.http_auth_required`, and what `get` throws
 */
export async function getFollowing(get: Get, start: URL): Promise<Page> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const page = await get(url);
    assertNoBasicAuth(page);
    const next = redirectOf(page);
    if (!next) return page;
    if (!staysWithin(url, next)) throw new AppError('source.redirected', { location: next.origin + next.pathname });
    url = next;
  }
  throw new AppError('source.unreachable', { reason: 'it redirects in a circle' });
}

/** Where a page redirects to, if it does. */
export function redirectOf(page: Page): URL | undefined {
  const location = page.header('location');
  const isRedirect = page.status >= 300 && page.status < 400 && URL.canParse(location, page.url.href);
  return isRedirect ? new URL(location, page.url) : undefined;
}

/** Same host, and credentials that went over TLS would not go in clear text next. */
export function staysWithin(from: URL, to: URL): boolean {
  const downgraded = from.protocol === 'https:' && to.protocol !== 'https:';
  return from.hostname === to.hostname && /^https?:$/.test(to.protocol) && !downgraded;
}

/** @throws AppError `source.http_auth_required` also when the given credentials are wrong */
export function assertNoBasicAuth(page: Page): void {
  if (page.status === 401 && /\bbasic\b/i.test(page.header('www-authenticate'))) {
    throw new AppError('source.http_auth_required');
  }
}
