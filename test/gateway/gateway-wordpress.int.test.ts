import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { installWordPress } from '@wcr/stack/sites/wordpress';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { giveToOwner, type LocalGateway, startLocalGateway } from '../support/local-gateway.ts';

const ADMIN = { username: 'keeper', password: 'a long pass phrase', email: 'keeper@example.com' };

let gateway: LocalGateway;
let clone: CloneHandle;
beforeAll(async () => {
  gateway = await startLocalGateway();
  clone = await gateway.makeClone({});
  const { site } = localClonePaths(gateway.localDir, clone.record.id);
  const root = await gateway.connect();
  const { name, user, password } = clone.database;
  // The installer runs outside of the gateway and reaches the database by TCP.
  await root.query(`GRANT ALL ON \`${name}\`.* TO '${user}'@'127.0.0.1' IDENTIFIED BY '${password}'`);
  await installWordPress({ dir: site, url: clone.url, admin: ADMIN, database: { name, user, password, ...gateway.database } });
  await root.end();
  const config = join(site, 'wp-config.php');
  const host = `${gateway.database.host}:${gateway.database.port}`;
  writeFileSync(config, readFileSync(config, 'utf8').replace(host, clone.database.host));
  giveToOwner(site);
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${clone.url}/${path}`, { redirect: 'manual', ...init });

/** Logs in and answers the cookies as a browser would send them below the clone's prefix. */
async function logIn(): Promise<string> {
  const form = await get('wp-login.php');
  const testCookie = form.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  const body = new URLSearchParams({
    log: ADMIN.username,
    pwd: ADMIN.password,
    testcookie: '1',
    redirect_to: `${clone.url}/wp-admin/`,
  });
  const answer = await get('wp-login.php', {
    method: 'POST',
    body: body.toString(),
    headers: formHeaders(testCookie.join('; ')),
  });
  expect([answer.status, answer.headers.get('location')]).toEqual([302, `${clone.url}/wp-admin/`]);
  const cookies = answer.headers.getSetCookie();
  for (const cookie of cookies) expect(cookie).toContain(`path=/${clone.record.id}/`);
  return cookies.map((cookie) => cookie.split(';')[0]).join('; ');
}

function formHeaders(cookie: string): Record<string, string> {
  return { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: cookie };
}

it('shows the front page and its styles without a redirect', async () => {
  const page = await get('');
  const html = await page.text();
  expect(page.status).toBe(200);
  expect(html).toContain('Hello world!');
  expect(html).not.toMatch(/(href|src)=["']http:\/\/127\.0\.0\.1:\d+\/(?!clone-)/);
  const [, style] = /href=["']([^"']+\.css[^"']*)["']/.exec(html) ?? [];
  if (style) expect((await fetch(style)).headers.get('content-type')).toContain('text/css');
});

it('shows a post under its pretty permalink, and an unknown one as missing', async () => {
  const [post] = (await (await get('wp-json/wp/v2/posts')).json()) as { link: string; title: { rendered: string } }[];
  expect(post?.link).toMatch(new RegExp(`^${clone.url}/.*hello-world/$`));
  const page = await fetch(post?.link ?? '', { redirect: 'manual' });
  expect([page.status, (await page.text()).includes('Hello world!')]).toEqual([200, true]);
  expect((await get('no/such/page/')).status).toBe(404);
});

it('answers REST below the prefix, in both spellings', async () => {
  const index = (await (await get('wp-json/')).json()) as { url: string };
  expect(index.url).toBe(clone.url);
  expect((await get('?rest_route=/wp/v2/types')).status).toBe(200);
});

it('lets the administrator into wp-admin', async () => {
  expect((await get('wp-admin/')).headers.get('location')).toContain(`${clone.url}/wp-login.php`);
  const cookie = await logIn();
  for (const path of ['wp-admin/', 'wp-admin/plugins.php', 'wp-admin/admin-ajax.php?action=heartbeat']) {
    expect([path, (await get(path, { headers: { Cookie: cookie } })).status]).toEqual([path, path.includes('ajax') ? 400 : 200]);
  }
  const dashboard = await (await get('wp-admin/', { headers: { Cookie: cookie } })).text();
  expect(dashboard).toContain('wpadminbar');
});

it('takes an upload in wp-admin and serves it', async () => {
  const cookie = await logIn();
  const page = await (await get('wp-admin/media-new.php', { headers: { Cookie: cookie } })).text();
  const [, nonce = ''] = /name="_wpnonce" value="([^"]+)"/.exec(page) ?? [];
  const form = new FormData();
  form.set('_wpnonce', nonce);
  form.set('html-upload', 'Upload');
  form.set('async-upload', new Blob(['an upload'], { type: 'text/plain' }), 'note.txt');
  const encoded = new Request('http://x', { method: 'POST', body: form });
  const body = Buffer.from(await encoded.arrayBuffer());
  const headers = { Cookie: cookie, 'Content-Type': encoded.headers.get('content-type') ?? '' };
  expect((await get('wp-admin/media-new.php', { method: 'POST', body, headers })).status).toBe(302);
  const [media] = (await (await get('wp-json/wp/v2/media')).json()) as { source_url: string }[];
  expect(media?.source_url.startsWith(`${clone.url}/wp-content/uploads/`)).toBe(true);
  expect(await (await fetch(media?.source_url ?? '')).text()).toBe('an upload');
});
