import type { Page } from 'playwright';

type Mark = { readonly by: string; readonly selector: string };

/** What second-factor plugins put in the place of, or over, the login form. */
const SECOND_FACTORS: readonly Mark[] = [
  { by: 'Two-Factor', selector: 'form[name="validate_2fa_form"], #authcode' },
  { by: 'Wordfence Login Security', selector: '#wfls-token, input[name="wfls-token"], #wfls-prompt-overlay' },
  { by: 'WP 2FA', selector: 'input[name^="wp-2fa-"], input[name^="wp_2fa_"], .wp-2fa-login' },
  { by: 'Solid Security', selector: '[name^="itsec_two_factor"], [id^="itsec-2fa"], [class*="itsec-two-factor"]' },
  { by: 'miniOrange', selector: 'form[name^="mo2f"], form[id^="mo2f"], input[name^="mo2fa_"], input[name^="mo2f_"]' },
  { by: 'Google Authenticator', selector: 'body:not(:has(#user_pass)) input[name="googleotp"]' },
  { by: 'Duo', selector: '#duo_iframe, #duo-frame, form[id^="duo_"]' },
  { by: 'a one-time code field', selector: 'input[autocomplete="one-time-code"]' },
  {
    by: 'a second step',
    selector: ['otp', '2fa', 'totp', 'authcode', 'two_factor', 'two-factor', 'mfa']
      .map((part) => `body:not(:has(#user_pass)) input:not([type="hidden"])[name*="${part}" i]`)
      .join(', '),
  },
];

/** Fields that only users with a second factor fill; they tell something after a failed login only. */
const OPTIONAL_SECOND_FACTORS: readonly Mark[] = [
  { by: 'Google Authenticator', selector: '#loginform input[name="googleotp"]' },
  { by: 'miniOrange', selector: '#loginform input[name="mo_2fa_code"]' },
];

const CAPTCHAS: readonly Mark[] = [
  {
    by: 'reCAPTCHA',
    selector:
      '.g-recaptcha, [name="g-recaptcha-response"], iframe[src*="/recaptcha/"], script[src*="/recaptcha/api.js"], script[src*="/recaptcha/enterprise.js"]',
  },
  {
    by: 'hCaptcha',
    selector: '.h-captcha, [name="h-captcha-response"], iframe[src*="hcaptcha.com"], script[src*="hcaptcha.com"]',
  },
  {
    by: 'Turnstile',
    selector:
      '.cf-turnstile, [name="cf-turnstile-response"], iframe[src*="challenges.cloudflare.com"], script[src*="challenges.cloudflare.com/turnstile"]',
  },
  { by: 'Cloudflare', selector: '#challenge-form, #challenge-running, #challenge-stage, #cf-challenge-running' },
  { by: 'SiteGround', selector: 'meta[http-equiv="refresh" i][content*="sgcaptcha"]' },
  { by: 'Wordfence', selector: '#wfls-captcha, input[name="wfls-captcha-token"], input[name="wfls-email-verification"]' },
  {
    by: 'a sum to solve',
    selector: 'input[name="jetpack_protect_num"], input[name="loginizer_cap_math"], input[name="cptch_number"]',
  },
  { by: 'All-In-One Security', selector: 'input[name="aiowps-captcha-answer"]' },
  { by: 'another captcha', selector: '.frc-captcha, altcha-widget, #loginform input:not([type="hidden"])[name*="captcha" i]' },
  { by: 'a captcha image', selector: '#loginform img[src*="captcha" i]' },
];

const LOCK_OUTS: readonly Mark[] = [
  { by: 'Wordfence', selector: '#wf-blocked, body.wf-blocked, .wf-block-header' },
  { by: 'Limit Login Attempts', selector: '.limit-login-attempts-lockout, #limit-login-attempts-lockout' },
  { by: 'WP Cerber', selector: '#cerber-locked, body.cerber-locked' },
  { by: 'Solid Security', selector: '.itsec-lockout, #itsec-lockout' },
];

/** Statuses with which firewalls and limiters answer a login page. */
const REFUSALS: ReadonlySet<number> = new Set([403, 423, 429, 503]);

/** Stems that lock-out messages of the common limiters share, in the languages they are most translated to. */
const LOCK_OUT_STEMS =
  /lock(?:ed)?[ -]?out|too many|temporar(?:ily|y) (?:block|lock|ban)|gesperrt|zu viele|trop de tentatives|verrouill|bloqu|demasiados|troppi tentativi|bloccat|te veel|geblokkeerd|muitas tentativas|zbyt wiele|zablokowan|слишком много|заблокирован|回数|锁定|잠금/i;

type ObstacleKind = 'second-factor' | 'captcha' | 'lock-out';
export type Obstacle = { readonly kind: ObstacleKind; readonly by: string };

/** One selector for everything that may appear in place of a new page after the password was sent by script. */
export const OBSTACLE_SELECTOR = [...SECOND_FACTORS, ...LOCK_OUTS].map((mark) => mark.selector).join(', ');

/** What stands in front of the form before anything was sent. A form that is shown may be used, whatever the status. */
export async function obstacleBeforeLogin(
  page: Page,
  answer: { readonly status: number; readonly hasForm: boolean },
): Promise<Obstacle | undefined> {
  return (
    (await find(page, 'captcha', CAPTCHAS)) ??
    (await find(page, 'lock-out', LOCK_OUTS)) ??
    (await find(page, 'second-factor', SECOND_FACTORS)) ??
    (answer.hasForm ? undefined : refusal(answer.status))
  );
}

/** A second step that stands where the admin pages were expected. */
export function secondFactorOn(page: Page): Promise<Obstacle | undefined> {
  return find(page, 'second-factor', SECOND_FACTORS);
}

/** Why a login was refused, other than for wrong credentials. */
export async function obstacleAfterRefusal(
  page: Page,
  refused: { readonly status: number; readonly username: string },
): Promise<Obstacle | undefined> {
  return (
    (await find(page, 'captcha', CAPTCHAS)) ??
    (await find(page, 'lock-out', LOCK_OUTS)) ??
    refusal(refused.status) ??
    (await lockOutMessage(page, refused.username)) ??
    (await find(page, 'second-factor', OPTIONAL_SECOND_FACTORS))
  );
}

async function find(page: Page, kind: ObstacleKind, marks: readonly Mark[]): Promise<Obstacle | undefined> {
  for (const mark of marks) {
    if ((await page.locator(mark.selector).count()) > 0) return { kind, by: mark.by };
  }
  return undefined;
}

function refusal(status: number): Obstacle | undefined {
  return REFUSALS.has(status) ? { kind: 'lock-out', by: `HTTP ${status}` } : undefined;
}

/**
 * Limiters speak through the error box of the form. WordPress's own message for a wrong password links to the page for
 * lost ones and holds no number, theirs names minutes or hours: that holds in every language.
 */
async function lockOutMessage(page: Page, username: string): Promise<Obstacle | undefined> {
  const box = page.locator('#login_error');
  if ((await box.count()) === 0) return undefined;
  const text = ((await box.first().textContent()) ?? '').replaceAll(username, '');
  const links = await box.locator('a[href*="lostpassword"]').count();
  const speaks = LOCK_OUT_STEMS.test(text) || (links === 0 && /\d/.test(text));
  return speaks ? { kind: 'lock-out', by: 'the login form’s message' } : undefined;
}
