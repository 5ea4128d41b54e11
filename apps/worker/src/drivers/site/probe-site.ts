import { AppError } from '@wcr/shared/errors/app-error';
import { createBoundedGet, type Page } from './bounded-get.ts';
import { findLoginPage } from './find-login-page.ts';
import { getFollowing } from './follow-redirects.ts';
import { normaliseAddress } from './normalise-address.ts';
import { hasAgent, hasLoginForm, looksLikeWordPress, type RestAnswer, readRestIndex } from './recognise-wordpress.ts';
import type { ProbedSite, ProbeOptions, ProbeRequest } from './site.types.ts';

/**
 * Looks at a site from outside: its real address, REST root and login page. Plain GETs only, each bounded to 256 KiB and
 * `timeoutMs`; redirects are followed on the same host only.
 * @throws AppError `source.invalid_url`, `source.unreachable`, `source.tls_invalid`, `source.redirected`,
 *   `source.http_auth_required`, `source.not_wordpress`
 */
export async function probeSite(request: ProbeRequest, options: ProbeOptions = {}): Promise<ProbedSite> {
  const get = createBoundedGet(request, options);
  const address = normaliseAddress(request.url);
  const front = await getFollowing(get, new URL(`${address}/`));
  const rest = await readRestIndex(get, front);
  const homeUrl = homeOf(front, rest);
  const loginUrl = await findLoginPage(get, homeUrl, request.loginUrl);
  if (!rest && !looksLikeWordPress(front) && !(loginUrl && (await isWordPressLogin(loginUrl)))) {
    throw notWordPress(front, homeUrl);
  }
  return {
    homeUrl,
    restRoot: rest?.index ? rest.root.href : null,
    loginUrl: loginUrl?.href,
    agentPresent: hasAgent(rest),
  };

  async function isWordPressLogin(url: URL): Promise<boolean> {
    return hasLoginForm(await get(url));
  }
}

/**
 * @throws AppError `source.login_page_missing` when the probe found no login page
 */
export function assertLoginPage(site: ProbedSite, given?: string): string {
  if (site.loginUrl === undefined)
    throw new AppError('source.login_page_missing', { url: given ?? `${site.homeUrl}/wp-login.php` });
  return site.loginUrl;
}

/** WordPress knows its own address best (a front page may redirect to a language), except for the origin a proxy hides. */
function homeOf(front: Page, rest: RestAnswer | undefined): string {
  const claimed = rest?.index?.home;
  if (claimed !== undefined && URL.canParse(claimed) && new URL(claimed).hostname === front.url.hostname) {
    return front.url.origin + new URL(claimed).pathname.replace(/\/+$/, '');
  }
  return normaliseAddress(front.url.href);
}

function notWordPress(front: Page, url: string): AppError {
  const answered = front.status < 400 || front.status === 404;
  return answered
    ? new AppError('source.not_wordpress', { url })
    : new AppError('source.unreachable', { reason: `it answers with HTTP ${front.status}` });
}
