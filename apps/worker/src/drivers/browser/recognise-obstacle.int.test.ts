import { findBrowser } from '@wcr/stack/services/browser';
import type { Page } from 'playwright';
import { afterAll, expect, test } from 'vitest';
import { createBrowserPool } from './browser-pool.ts';
import { obstacleAfterRefusal, obstacleBeforeLogin, secondFactorOn } from './recognise-obstacle.ts';

const pool = createBrowserPool({ executablePath: findBrowser(), sandbox: process.getuid?.() !== 0 });
afterAll(() => pool.close());

const FORM = '<form id="loginform"><input name="log" id="user_login"><input name="pwd" id="user_pass"></form>';

function on<T>(html: string, look: (page: Page) => Promise<T>): Promise<T> {
  return pool.withContext({}, new AbortController().signal, async (context) => {
    const page = await context.newPage();
    await page.setContent(html);
    return look(page);
  });
}

test.each([
  ['Two-Factor', '<form name="validate_2fa_form"><input name="authcode" id="authcode"></form>'],
  ['Wordfence Login Security', `${FORM}<div id="wfls-prompt-overlay"></div>`],
  ['WP 2FA', '<input name="wp-2fa-email-authcode">'],
  ['Solid Security', '<input name="itsec_two_factor_code">'],
  ['miniOrange', '<form name="mo2f_2fa_form"></form>'],
  ['Google Authenticator', '<input name="googleotp">'],
  ['Duo', '<iframe id="duo_iframe"></iframe>'],
  ['a one-time code field', '<input autocomplete="one-time-code">'],
  ['a second step', '<input name="my_OTP_code">'],
])('the second step of %s is recognised', async (by, html) => {
  await expect(on(html, secondFactorOn)).resolves.toEqual({ kind: 'second-factor', by });
});

test.each([
  ['reCAPTCHA', '<textarea name="g-recaptcha-response"></textarea>'],
  ['hCaptcha', '<div class="h-captcha"></div>'],
  ['Turnstile', '<div class="cf-turnstile"></div>'],
  ['Cloudflare', '<form id="challenge-form"></form>'],
  ['SiteGround', '<meta http-equiv="refresh" content="0;/.well-known/sgcaptcha/?r=x">'],
  ['a sum to solve', '<input name="jetpack_protect_num">'],
  ['All-In-One Security', '<input name="aiowps-captcha-answer">'],
  ['another captcha', '<div class="frc-captcha"></div>'],
])('the captcha of %s is recognised beside the form', async (by, html) => {
  const look = (page: Page) => obstacleBeforeLogin(page, { status: 200, hasForm: true });
  await expect(on(FORM + html, look)).resolves.toEqual({ kind: 'captcha', by });
});

test('the plain form is no obstacle, whatever its status; a refusal without a form is', async () => {
  const look = (status: number, hasForm: boolean) => (page: Page) => obstacleBeforeLogin(page, { status, hasForm });
  await expect(on(FORM, look(200, true))).resolves.toBeUndefined();
  await expect(on(FORM, look(503, true))).resolves.toBeUndefined();
  await expect(on(FORM, secondFactorOn)).resolves.toBeUndefined();
  await expect(on('<p>no</p>', look(403, false))).resolves.toEqual({ kind: 'lock-out', by: 'HTTP 403' });
});

const LOST = '<a href="/wp-login.php?action=lostpassword">?</a>';

test.each([
  ['the password is wrong', `<div id="login_error">anna99: no ${LOST}</div>`, undefined],
  ['the name is unknown, and holds digits', '<div id="login_error">anna99 is not registered here</div>', undefined],
  ['few tries are left', `<div id="login_error">No. 2 left. ${LOST}</div>`, undefined],
  ['a limiter speaks of minutes', '<div id="login_error">Одоо 20 минут</div>', 'lock-out'],
  ['a limiter speaks of attempts', `<div id="login_error">Zu viele Versuche ${LOST}</div>`, 'lock-out'],
  ['a field for codes stands in the form', '<form id="loginform"><input name="googleotp"></form>', 'second-factor'],
])('after a refusal: %s', async (_name, html, kind) => {
  const found = await on(html, (page) => obstacleAfterRefusal(page, { status: 200, username: 'anna99' }));
  expect(found?.kind).toBe(kind);
});
