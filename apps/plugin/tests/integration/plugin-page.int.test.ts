import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PluginSite, startPluginSite } from './support/plugin-site.ts';

const KEY = 'a-key-of-a-service-0815';

/** What a call came with, as far as the service would look at it. */
type Asked = { method: string; url: string; authorization: string | undefined; body: string };

let site: PluginSite;
let service: Server;
let serviceUrl: string;
const asked: Asked[] = [];

beforeAll(async () => {
  service = createServer((request, response) => void answer(request).then((text) => response.end(text)));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  serviceUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  site = await startPluginSite();
  await site.php("wp_insert_user( array( 'user_login' => 'editor', 'user_pass' => 'x-4711', 'role' => 'editor' ) );");
});

afterAll(async () => {
  service?.close();
  await site?.[Symbol.asyncDispose]();
});

async function answer(request: IncomingMessage): Promise<string> {
  const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
  const { method = '', url = '', headers } = request;
  asked.push({ method, url, authorization: headers.authorization, body: Buffer.concat(chunks).toString() });
  return JSON.stringify({ clones: [], restores: [], job: { id: 'clone-1' } });
}

type Visitor = { cookie: string; nonce: string };

/** Somebody with a session, and a nonce of the page. */
async function visitor(login: string): Promise<Visitor> {
  const text = await site.php(
    `$user = get_user_by( 'login', '${login}' ); $end = time() + 3600; wp_set_current_user( $user->ID );
    $token = WP_Session_Tokens::get_instance( $user->ID )->create( $end );
    $cookie = LOGGED_IN_COOKIE . '=' . rawurlencode( wp_generate_auth_cookie( $user->ID, $end, 'logged_in', $token ) );
    $_COOKIE[ LOGGED_IN_COOKIE ] = wp_generate_auth_cookie( $user->ID, $end, 'logged_in', $token );
    echo wp_json_encode( array( 'cookie' => $cookie . '; ' . AUTH_COOKIE . '=' . rawurlencode( wp_generate_auth_cookie( $user->ID, $end, 'auth', $token ) ), 'nonce' => wp_create_nonce( 'wcr_page' ) ) );`,
  );
  return JSON.parse(text) as Visitor;
}

async function call({ cookie, nonce }: Visitor, name: string, input: object = {}) {
  const response = await fetch(`${site.site.url}/wp-admin/admin-ajax.php`, {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ action: 'wcr_page', nonce, call: name, input: JSON.stringify(input) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as { data?: unknown; error?: { code: string } } };
}

describe('calls of the page', () => {
  it('are for those who may manage the site, from its own page', async () => {
    const [admin, editor] = [await visitor('admin'), await visitor('editor')];
    expect((await call(editor, 'overview')).body.error?.code).toBe('page.not_allowed');
    expect((await call({ ...admin, nonce: editor.nonce }, 'overview')).body.error?.code).toBe('page.nonce_invalid');
    expect((await call({ ...admin, nonce: '' }, 'connect', { url: serviceUrl, key: KEY })).status).toBe(403);
    const stranger = await fetch(`${site.site.url}/wp-admin/admin-ajax.php`, {
      method: 'POST',
      body: new URLSearchParams({ action: 'wcr_page' }),
    });
    expect(await stranger.text()).toBe('0');
    const page = await fetch(`${site.site.url}/wp-admin/tools.php?page=wp-clone-restore-tools`, {
      headers: { cookie: editor.cookie },
    });
    expect([page.status, (await page.text()).includes('wcr-page')]).toEqual([403, false]);
    expect(asked).toEqual([]);
  });

  it('carry the key to the service, and nowhere else', async () => {
    const admin = await visitor('admin');
    expect((await call(admin, 'overview')).body.error?.code).toBe('page.not_connected');
    const connected = await call(admin, 'connect', { url: `${serviceUrl}/`, key: KEY });
    expect(connected.body.data).toEqual({ url: serviceUrl, keyEnd: '0815' });
    await call(admin, 'clone', { ttlMinutes: 60, request: 'r1' });
    expect(asked.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual([
      'GET /api/v1/clones',
      'GET /api/v1/restores',
      'POST /api/v1/clones',
    ]);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${KEY}`]));
    const source = { url: site.site.url, pairingKey: await site.pairingKey() };
    expect(JSON.parse(asked.at(-1)?.body ?? '')).toEqual({ source, ttlMinutes: 60 });
    const page = await fetch(`${site.site.url}/wp-admin/tools.php?page=wp-clone-restore-tools`, {
      headers: { cookie: admin.cookie },
    });
    const html = await page.text();
    expect(html).toContain('0815');
    expect([html, connected.text].join()).not.toContain(KEY);
    expect(html).not.toContain(await site.pairingKey());
  });
});

it('scripts and styles of the page are on the page only', async () => {
  const { cookie } = await visitor('admin');
  const dashboard = await (await fetch(`${site.site.url}/wp-admin/`, { headers: { cookie } })).text();
  expect(dashboard).not.toContain('wp-clone-restore/assets/');
});

it('the key is loaded when it is needed only, and goes with the plugin', async () => {
  const rows = () => site.query("SELECT option_value AS v, autoload AS a FROM wp_options WHERE option_name = 'wcr_connection'");
  expect(await rows()).toEqual([{ v: JSON.stringify({ url: serviceUrl, key: KEY }).replaceAll('/', '\\/'), a: 'no' }]);
  await site.php('WpCloneRestore\\Support\\Uninstaller::run();');
  expect(await rows()).toEqual([]);
});
