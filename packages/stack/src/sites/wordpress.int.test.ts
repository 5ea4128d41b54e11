import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPhpSite } from '../services/php-site.ts';
import { findFreePort } from '../services/process.ts';
import { useMariaDb } from '../testing/services.ts';
import { installWordPress } from './wordpress.ts';

describe.each([
  { version: 'debian', pathPrefix: '' },
  { version: '6.5', pathPrefix: '/blog' },
] as const)('WordPress $version below "$pathPrefix/"', ({ version, pathPrefix }) => {
  const admin = { username: 'the-admin', password: "it's a \\secret", email: 'admin@example.com' };
  const parent = mkdtempSync(join(tmpdir(), 'wcr-stack-'));
  const site = { url: '', stop: async () => {} };

  beforeAll(async () => {
    const mariaDb = await useMariaDb();
    const database = { ...(await mariaDb.createDatabase()), host: mariaDb.host, port: mariaDb.port };
    const port = await findFreePort();
    const dir = join(parent, 'site');
    await installWordPress({ dir, database, url: `http://127.0.0.1:${port}${pathPrefix}`, admin, version, title: 'Fresh' });
    Object.assign(site, await startPhpSite({ dir, port, pathPrefix }));
  });
  afterAll(async () => {
    await site.stop();
    await rm(parent, { recursive: true, force: true });
  });

  it('shows its front page and a post under its pretty address', async () => {
    expect(await (await fetch(`${site.url}/`)).text()).toContain('<title>Fresh</title>');
    const posts = (await (await fetch(`${site.url}/wp-json/wp/v2/posts`)).json()) as { link: string }[];
    expect(posts[0]?.link).toMatch(/\/hello-world\/$/);
    const post = await fetch(posts[0]?.link ?? '', { redirect: 'manual' });
    expect(await post.text()).toContain('Hello world!');
    expect(post.status).toBe(200);
  });

  it('lets its administrator in', async () => {
    const answer = await fetch(`${site.url}/wp-login.php`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: 'wordpress_test_cookie=WP%20Cookie%20check' },
      body: new URLSearchParams({ log: admin.username, pwd: admin.password, testcookie: '1' }),
    });
    await answer.text();
    expect(answer.headers.get('location')).toBe(`${site.url}/wp-admin/`);
  });
});
