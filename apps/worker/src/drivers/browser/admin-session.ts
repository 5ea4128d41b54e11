import { AppError } from '@wcr/shared/errors/app-error';
import type { AdminPage } from './admin-page.ts';
import { isLoginPage, logIn } from './login.ts';

/** A logged-in way around wp-admin. */
export type AdminSession = {
  readonly admin: AdminPage;
  readonly adminUrl: string;
  /** Opens a page below wp-admin, or an address the site itself gave; logs in again once if the site asks for it there. */
  visit(name: string, address: string): Promise<AdminAnswer>;
};

type AdminAnswer = {
  readonly status: number;
  /** WordPress refused with its error page, or sent the user out of wp-admin. */
  readonly refused: boolean;
};

type Credentials = {
  readonly loginUrl: string;
  readonly homeUrl: string;
  readonly username: string;
  readonly password: string;
};

/**
 * Logs in and opens the first page, where it then is, unless the user may not.
 * @throws AppError as `logIn`, `source.multisite_unsupported`
 */
export async function startSession(admin: AdminPage, credentials: Credentials, firstPage: string): Promise<AdminSession> {
  let adminUrl = guessAdminUrl(credentials);
  const login = { loginUrl: credentials.loginUrl, username: credentials.username, password: credentials.password };
  let loginsLeft = 2;

  async function ensureLogin(redirectTo: string): Promise<void> {
    if (loginsLeft === 0) throw new AppError('source.login_failed', { reason: 'the site asks to log in again and again' });
    loginsLeft -= 1;
    await logIn(admin, { ...login, redirectTo });
  }

  async function visit(name: string, address: string): Promise<AdminAnswer> {
    const url = new URL(address, adminUrl).href;
    let status = await admin.open(name, url);
    while (await isLoginPage(admin.page)) {
      await ensureLogin(url);
      status = await admin.open(name, url);
    }
    await assertSingleSite();
    return { status, refused: await isRefused(status) };
  }

  async function isRefused(status: number): Promise<boolean> {
    const hasErrorPage = (await admin.page.locator('body#error-page .wp-die-message').count()) > 0;
    return status === 403 || hasErrorPage || !admin.page.url().includes('/wp-admin/');
  }

  async function assertSingleSite(): Promise<void> {
    if ((await admin.page.locator('body.multisite.wp-admin, body.multisite.network-admin').count()) > 0) {
      throw new AppError('source.multisite_unsupported');
    }
  }

  await ensureLogin(new URL(firstPage, adminUrl).href);
  adminUrl = /^[^?#]*\/wp-admin\//.exec(admin.page.url())?.[0] ?? adminUrl;
  // A login leads to the page that was wanted, unless a plugin has other plans.
  if (admin.page.url() === new URL(firstPage, adminUrl).href) await assertSingleSite();
  else await visit('first page', firstPage);
  return {
    admin,
    get adminUrl() {
      return adminUrl;
    },
    visit,
  };
}

/** Beside wp-login.php, which may be in a folder of its own; below the site's address when the login page was moved. */
function guessAdminUrl(credentials: Credentials): string {
  const path = new URL(credentials.loginUrl).pathname;
  if (!path.endsWith('/wp-login.php')) return `${credentials.homeUrl}/wp-admin/`;
  return new URL('wp-admin/', credentials.loginUrl).href;
}
