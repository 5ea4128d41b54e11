import { createHmac, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PluginSite, startPluginSite } from './support/plugin-site.ts';

const loginFile = join(import.meta.dirname, '../../clone-guard/wcr-clone-login.php');
const SECRET = 'a5'.repeat(32);
const CLONE = 'clone-20300131-120000-k3x9';

let site: PluginSite;

beforeAll(async () => {
  site = await startPluginSite({ activate: false, constants: { WCR_CLONE_ID: CLONE, WCR_CLONE_LOGIN_SECRET: SECRET } });
  const folder = join(site.dir, 'wp-content/mu-plugins');
  mkdirSync(folder, { recursive: true });
  cpSync(loginFile, join(folder, 'wcr-clone-login.php'));
  await site.php("wp_insert_user( array( 'user_login' => 'reader', 'user_pass' => 'reader-4711', 'role' => 'subscriber' ) );");
});

afterAll(async () => site?.[Symbol.asyncDispose]());

type Claims = { clone: string; user: string; expires: number; nonce: string };

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const sign = (text: string, secret = SECRET) => {
  const body = Buffer.from(text).toString('base64url');
  return `${body}.${createHmac('sha256', secret).update(`wcr-login-link.1.${body}`).digest('base64url')}`;
};
const claims = (changed: Partial<Record<keyof Claims, unknown>> = {}): string =>
  JSON.stringify({ clone: CLONE, user: 'admin', expires: inSeconds(60), nonce: randomBytes(16).toString('hex'), ...changed });
/** Reads the whole answer: a body that is left unread can take Node's own fetch down. */
async function open(path: string, init: RequestInit = {}) {
  const response = await fetch(site.site.url + path, { redirect: 'manual', ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const post = (token: string) => open('/?wcr-login', { method: 'POST', body: new URLSearchParams({ wcr_token: token }) });

describe('a login link', () => {
  it('opens a page that posts what only the browser knows, and keeps nothing', async () => {
    const page = await open('/?wcr-login');
    expect(page.status).toBe(200);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toMatch(/no-cache/);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.getSetCookie()).toEqual([]);
    expect(page.text).toContain(`action="${site.site.url}/?wcr-login"`);
  });

  it('signs the administrator in and leads to wp-admin', async () => {
    const answer = await post(sign(claims()));
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`${site.site.url}/wp-admin/`);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
    const admin = await open('/wp-admin/', { headers: { cookie: cookie.join('; ') } });
    expect(admin.status).toBe(200);
  });

  it('works for one of those who come with it at once, and for nobody later', async () => {
    const token = sign(claims());
    const statuses = (await Promise.all([1, 2, 3, 4, 5].map(() => post(token)))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([303, 403, 403, 403, 403]);
    expect((await post(token)).status).toBe(403);
  });

  it('leaves no trace of itself when its time is up', async () => {
    await site.query("UPDATE wp_options SET option_value = '1000' WHERE option_name LIKE 'wcr\\_login\\_%'");
    await post(sign(claims()));
    expect(await site.query("SELECT option_name FROM wp_options WHERE option_name LIKE 'wcr\\_login\\_%'")).toHaveLength(1);
  });

  const used = claims();
  it.each([
    ['an expired one', () => sign(claims({ expires: inSeconds(-1) }))],
    ['one that lives too long', () => sign(claims({ expires: inSeconds(3600) }))],
    ['one of another clone', () => sign(claims({ clone: 'clone-20300131-120000-xxxx' }))],
    ['one signed with another secret', () => sign(claims(), 'b6'.repeat(32))],
    ['one signed with nothing', () => sign(claims(), '')],
    ['one whose text was changed', () => `${Buffer.from(claims()).toString('base64url')}.${sign(used).split('.')[1]}`],
    ['one for somebody who is no administrator', () => sign(claims({ user: 'reader' }))],
    ['one for nobody', () => sign(claims({ user: 'nobody' }))],
    ['one without a nonce', () => sign(claims({ nonce: '' }))],
    ['one whose expiry is no number', () => sign(claims({ expires: '9999999999' }))],
    ['one that is no object', () => sign('[]')],
    ['nothing', () => ''],
    ['a very long one', () => sign('x'.repeat(5000))],
  ])('is refused plainly, and signs nobody in: %s', async (_, make) => {
    const answer = await post(make());
    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.text).toContain('A login link works once, for a minute.');
  });
});

it('there are none in a clone that was given no secret', async () => {
  const code = `echo var_export( WCR_Clone_Login::claims_of( '${sign(claims(), '')}', '' ), true );`;
  expect(await site.php(code)).toBe('NULL');
});
