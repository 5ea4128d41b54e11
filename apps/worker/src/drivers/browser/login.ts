import { AppError } from '@wcr/shared/errors/app-error';
import type { Locator, Page, Response } from 'playwright';
import type { AdminPage } from './admin-page.ts';
import {
  OBSTACLE_SELECTOR,
  type Obstacle,
  obstacleAfterRefusal,
  obstacleBeforeLogin,
  secondFactorOn,
} from './recognise-obstacle.ts';

type LoginForm = {
  readonly loginUrl: string;
  readonly username: string;
  readonly password: string;
  /** Where WordPress shall go after the login. */
  readonly redirectTo: string;
};

const FILL_TRIES = 5;
const FORM = '#loginform, form:has(input[name="log"]):has(input[name="pwd"])';

/**
 * Logs in with a single try: every wrong one may count towards a lock-out.
 * @throws AppError `source.*` for everything that stands in the way
 */
export async function logIn(admin: AdminPage, form: LoginForm): Promise<void> {
  const url = new URL(form.loginUrl);
  url.searchParams.set('redirect_to', form.redirectTo);
  const status = await admin.open('login', url.href);
  await assertFormIsThere(admin.page, form.loginUrl, status);
  await acceptTestCookie(admin.page);
  const answer = await admin.within('login', () => submit(admin.page, form));
  await assertLoggedIn(admin.page, form, answer?.status() ?? 0);
}

/** True when a page turned out to be the login page: the session ended or the site asks again. */
export async function isLoginPage(page: Page): Promise<boolean> {
  return (await page.locator(FORM).count()) > 0 && (await page.locator('#wpadminbar').count()) === 0;
}

async function assertFormIsThere(page: Page, loginUrl: string, status: number): Promise<void> {
  const hasForm = (await page.locator(FORM).count()) > 0;
  const obstacle = await obstacleBeforeLogin(page, { status, hasForm });
  if (obstacle) throw errorOf(obstacle);
  if (!hasForm) throw new AppError('source.login_page_missing', { url: loginUrl });
}

/** Output before the headers loses the cookie that proves cookies work; its value is a constant of WordPress. */
async function acceptTestCookie(page: Page): Promise<void> {
  const context = page.context();
  const names = (await context.cookies(page.url())).map((cookie) => cookie.name);
  if (names.includes('wordpress_test_cookie')) return;
  await context.addCookies([{ name: 'wordpress_test_cookie', value: 'WP%20Cookie%20check', url: new URL('.', page.url()).href }]);
}

/**
 * Fills and sends the form once: by the key Enter, which overlays and translated buttons cannot get in the way of.
 * Ends with the next page, or with what a script shows instead of one.
 */
async function submit(page: Page, form: LoginForm): Promise<Response | null> {
  const fields = page.locator(FORM).first();
  await fillForm(fields, form);
  const nextPage = page.waitForNavigation({ waitUntil: 'domcontentloaded' });
  const obstacle = page.locator(OBSTACLE_SELECTOR).first().waitFor({ state: 'attached' });
  // The slower of the two ends with the page, unheard.
  for (const outcome of [nextPage, obstacle]) outcome.catch(() => undefined);
  await fields.locator('input[name="pwd"]').press('Enter', { noWaitAfter: true });
  return (await Promise.race([nextPage, obstacle])) ?? null;
}

/**
 * Types into whatever has the focus at that moment, and WordPress's login page moves the focus to the user name 200 ms after it
 * was loaded: so what was typed is compared before it is sent, since a wrong try counts towards a lock-out.
 */
async function fillForm(fields: Locator, form: LoginForm): Promise<void> {
  const username = fields.locator('input[name="log"]');
  const password = fields.locator('input[name="pwd"]');
  for (let tries = 0; tries < FILL_TRIES; tries += 1) {
    await username.fill(form.username);
    await password.fill(form.password);
    if ((await username.inputValue()) === form.username && (await password.inputValue()) === form.password) return;
  }
  throw new AppError('source.login_failed', { reason: 'its form does not keep what is typed' });
}

async function assertLoggedIn(page: Page, form: LoginForm, status: number): Promise<void> {
  const isAdmin = (await page.locator('#wpadminbar').count()) > 0;
  const second = isAdmin ? undefined : await secondFactorOn(page);
  if (second) throw errorOf(second);
  // The page that asks to confirm the administrator's address comes with a valid session: it is passed by.
  if (await hasSession(page)) return;
  const obstacle = await obstacleAfterRefusal(page, { status, username: form.username });
  if (obstacle) throw errorOf(obstacle);
  const refusal = await readRefusal(page);
  if (refusal === 'cookies')
    throw new AppError('source.login_failed', { reason: 'output before its headers blocks its cookies' });
  if (refusal === 'credentials') throw new AppError('source.credentials_rejected');
  throw new AppError('source.login_failed', { reason: `HTTP ${status} without a session` });
}

async function hasSession(page: Page): Promise<boolean> {
  const cookies = await page.context().cookies();
  return cookies.some((cookie) => cookie.name.startsWith('wordpress_logged_in_') && cookie.value !== '' && cookie.value !== ' ');
}

/** Cookie trouble is the one refusal whose links lead to WordPress's own documentation or forums. */
async function readRefusal(page: Page): Promise<'cookies' | 'credentials' | 'none'> {
  const aboutCookies = '#login_error :is(a[href*="cookies"], a[href*="wordpress.org/support/forums"])';
  if ((await page.locator(aboutCookies).count()) > 0) return 'cookies';
  return (await page.locator('#login_error, form.shake').count()) > 0 ? 'credentials' : 'none';
}

function errorOf(obstacle: Obstacle): AppError {
  const detail = { by: obstacle.by };
  if (obstacle.kind === 'second-factor') return new AppError('source.two_factor_required', detail);
  if (obstacle.kind === 'captcha') return new AppError('source.captcha_required', detail);
  return new AppError('source.locked_out', { reason: obstacle.by, ...detail });
}
