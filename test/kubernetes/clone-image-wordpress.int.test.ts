import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installWordPress } from '@wcr/stack/sites/wordpress';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askHost, type HostRequest } from '../support/kubernetes/ask-host.ts';
import { CLONES_HOST, type ClonePodScene, giveToServer, startClonePod } from '../support/kubernetes/clone-pod-scene.ts';
import { canRunContainers } from '../support/kubernetes/pod-runner/run-container.ts';
import { type Router, startRouter } from '../support/kubernetes/router.ts';

const ADMIN = { username: 'keeper', password: 'a long pass phrase', email: 'keeper@example.com' };
// The smallest picture there is: one transparent point.
const PICTURE = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

let router: Router;
let clone: ClonePodScene;

/** As a browser behind the proxy that ends TLS would. */
const visit = (path: string, request: HostRequest = {}): Promise<Response> =>
  askHost(`${router.url}${clone.prefix}/${path}`, { host: CLONES_HOST, ...request });

describe.skipIf(!canRunContainers)('a WordPress in a pod, behind a path and a proxy that speaks https to the world', () => {
  beforeAll(async () => {
    router = await startRouter({ scheme: 'https' });
    clone = await startClonePod();
    router.setRoutes([{ pathPrefix: clone.prefix, target: clone.pod.url }]);
    const { site } = clone.pod.folders;
    await installWordPress({ dir: site, url: clone.url, admin: ADMIN, database: clone.database });
    mkdirSync(join(site, 'wp-content/uploads'), { recursive: true });
    writeFileSync(join(site, 'wp-content/uploads/point.gif'), PICTURE);
    giveToServer(site);
    await clone.pod.ready();
    await clone.admit('open');
  });
  afterAll(async () => {
    await clone?.[Symbol.asyncDispose]();
    await router?.[Symbol.asyncDispose]();
  });

  it('shows its front page at once, with links of https only', async () => {
    const page = await visit('');
    const html = await page.text();
    expect([page.status, html.includes('Hello world!')]).toEqual([200, true]);
    expect(html).toContain(`${clone.url}/wp-includes/`);
    expect(html).not.toContain(`http://${CLONES_HOST}`);
  });

  it('shows a post under its pretty permalink, leads short ones there, and knows what is missing', async () => {
    const [post] = (await (await visit('wp-json/wp/v2/posts')).json()) as { id: number; link: string }[];
    expect(post?.link).toMatch(new RegExp(`^${clone.url}/.*hello-world/$`));
    const path = (post?.link ?? '').slice(clone.url.length + 1);
    const page = await visit(path);
    expect([page.status, (await page.text()).includes('Hello world!')]).toEqual([200, true]);
    const short = await visit(`?p=${post?.id}`);
    expect([short.status, short.headers.get('location')]).toEqual([301, post?.link]);
    const missing = await visit('no/such/page/');
    expect([missing.status, (await missing.text()).includes('wp-includes')]).toEqual([404, true]);
  });

  it('serves an uploaded picture byte for byte, and knows when it is unchanged', async () => {
    const picture = await visit('wp-content/uploads/point.gif');
    expect([picture.headers.get('content-type'), picture.headers.get('cache-control')]).toEqual(['image/gif', 'no-cache']);
    expect(Buffer.from(await picture.arrayBuffer()).equals(PICTURE)).toBe(true);
    const etag = picture.headers.get('etag') ?? '';
    expect((await visit('wp-content/uploads/point.gif', { headers: { 'If-None-Match': etag } })).status).toBe(304);
  });

  it('answers REST below the path, in both spellings', async () => {
    expect(((await (await visit('wp-json/')).json()) as { url: string }).url).toBe(clone.url);
    expect((await visit('?rest_route=/wp/v2/types')).status).toBe(200);
  });

  it('lets its administrator in, with cookies of its own path, without a loop', async () => {
    const away = await visit('wp-admin/');
    expect([away.status, away.headers.get('location')?.startsWith(`${clone.url}/wp-login.php`)]).toEqual([302, true]);
    const login = new URLSearchParams({ log: ADMIN.username, pwd: ADMIN.password, testcookie: '1' });
    const form = await visit('wp-login.php');
    const answer = await visit('wp-login.php', {
      method: 'POST',
      body: login.toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: cookiesOf(form) },
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${clone.url}/wp-admin/`]);
    for (const cookie of answer.headers.getSetCookie()) expect(cookie.toLowerCase()).toContain(`path=${clone.prefix}/`);
    const dashboard = await visit('wp-admin/', { headers: { Cookie: cookiesOf(answer) } });
    expect([dashboard.status, (await dashboard.text()).includes('wpadminbar')]).toEqual([200, true]);
  });

  it.each(['wp-config.php', '.htaccess', 'wp-content/debug.log', 'wp-content/uploads/dump.sql'])(
    'keeps /%s to itself',
    async (path) => {
      const { site } = clone.pod.folders;
      if (!path.endsWith('.php')) writeFileSync(join(site, path), 'secret');
      giveToServer(site);
      const answer = await visit(path);
      expect([403, 404]).toContain(answer.status);
      expect(await answer.text()).not.toContain('secret');
    },
  );

  it('logs visits and PHP’s complaints as lines, without the probes', async () => {
    writeFileSync(join(clone.pod.folders.site, 'complain.php'), '<?php error_log( "a complaint" );');
    giveToServer(clone.pod.folders.site);
    expect((await visit('complain.php')).status).toBe(200);
    const logs = clone.pod.logs();
    expect(logs).toContain('a complaint');
    expect(logs).toContain(`GET ${clone.prefix}/complain.php`);
    expect(logs).not.toContain('readyz');
  });
});

function cookiesOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}
