import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { assertLoginPage, probeSite } from './probe-site.ts';

const run = promisify(execFile);
const signal = new AbortController().signal;
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

const LOGIN_FORM = '<form id="loginform"><input name="log" id="user_login"><input name="pwd" id="user_pass"></form>';
const INDEX = JSON.stringify({ namespaces: ['oembed/1.0', 'wp/v2'], home: 'http://127.0.0.1/' });

type Routes = Record<string, (response: Parameters<RequestListener>[1], request: Parameters<RequestListener>[0]) => void>;

async function serve(routes: Routes): Promise<{ url: string; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    const route = routes[(request.url ?? '').split('?')[0] ?? ''] ?? routes['*'];
    if (route) route(response, request);
    else response.writeHead(404).end('nothing');
  });
  return { url: await listen(server), paths };
}

async function listen(server: Server, scheme = 'http'): Promise<string> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function wordPress(overrides: Routes = {}): Routes {
  return {
    '/': (response) => response.end('<title>x</title>'),
    '/wp-json/': (response) => response.setHeader('content-type', 'application/json').end(INDEX),
    '/wp-admin/': (response) => response.writeHead(302, { location: '/wp-login.php?redirect_to=x&reauth=1' }).end(),
    '/wp-login.php': (response) => response.end(LOGIN_FORM),
    ...overrides,
  };
}

const probe = (url: string, more: { loginUrl?: string; httpAuth?: { username: string; password: string } } = {}) =>
  probeSite({ url, signal, ...more }, { timeoutMs: 1000 });

describe('a WordPress', () => {
  test('is recognised by its REST index', async () => {
    const site = await serve(wordPress());
    await expect(probe(site.url)).resolves.toEqual({
      homeUrl: site.url,
      restRoot: `${site.url}/wp-json/`,
      loginUrl: `${site.url}/wp-login.php`,
      agentPresent: false,
    });
  });

  test('with plain permalinks answers wp-json with its front page, and is found by rest_route', async () => {
    const index = JSON.stringify({ namespaces: ['wp/v2', 'wp-clone-restore/v1'] });
    const front = (response: Parameters<RequestListener>[1], request: Parameters<RequestListener>[0]) =>
      response.end(request.url?.includes('rest_route') ? index : '<p>front</p>');
    const site = await serve(wordPress({ '/': front, '/wp-json/': front }));
    await expect(probe(site.url)).resolves.toMatchObject({ restRoot: `${site.url}/?rest_route=/`, agentPresent: true });
  });

  test('whose REST API is blocked is recognised by its login form', async () => {
    const site = await serve(wordPress({ '/wp-json/': (response) => response.writeHead(403).end() }));
    await expect(probe(site.url)).resolves.toMatchObject({ restRoot: null, loginUrl: `${site.url}/wp-login.php` });
  });

  test('keeps its own address when the front page redirects to a language', async () => {
    const link = { link: '</wp-json/>; rel="https://api.w.org/"' };
    const site = await serve(
      wordPress({
        '/': (response) => response.writeHead(302, { location: '/en/' }).end(),
        '/en/': (response) => response.writeHead(200, link).end('hello'),
      }),
    );
    await expect(probe(site.url)).resolves.toMatchObject({ homeUrl: site.url });
  });

  test('in a sub-folder is found where the address redirects to', async () => {
    const site = await serve({
      '/': (response) => response.writeHead(301, { location: '/blog/' }).end(),
      '/blog/': (response) => response.end('<link rel="https://api.w.org/" href="/blog/wp-json/">'),
      '/blog/wp-json/': (response) => response.end(`Notice: x in y\n${INDEX.replace('127.0.0.1/', '127.0.0.1/blog')}`),
      '/blog/wp-login.php': (response) => response.end(LOGIN_FORM),
    });
    await expect(probe(site.url)).resolves.toMatchObject({
      homeUrl: `${site.url}/blog`,
      restRoot: `${site.url}/blog/wp-json/`,
      loginUrl: `${site.url}/blog/wp-login.php`,
    });
  });

  test('with a moved login page needs its address', async () => {
    const site = await serve(
      wordPress({
        '/wp-admin/': (response) => response.writeHead(302, { location: '/404/' }).end(),
        '/wp-login.php': (response) => response.writeHead(404).end(),
        '/door/': (response) => response.end(LOGIN_FORM),
      }),
    );
    const found = await probe(site.url);
    expect(() => assertLoginPage(found)).toThrow(expect.objectContaining({ code: 'source.login_page_missing' }));
    await expect(probe(site.url, { loginUrl: `${site.url}/door/` })).resolves.toMatchObject({ loginUrl: `${site.url}/door/` });
  });

  test('that announces a moved login page by wp-admin is followed there', async () => {
    const site = await serve(
      wordPress({
        '/wp-admin/': (response) => response.writeHead(302, { location: '/?door&redirect_to=x&reauth=1' }).end(),
        '/wp-login.php': (response) => response.writeHead(404).end(),
        '/': (response, request) => response.end(request.url?.includes('door') ? LOGIN_FORM : ''),
      }),
    );
    await expect(probe(site.url)).resolves.toMatchObject({ loginUrl: expect.stringMatching(/\/\?door=?$/) });
  });

  test('behind HTTP Basic authentication says so, and opens with the login', async () => {
    const wanted = `Basic ${Buffer.from('door:open sesame').toString('base64')}`;
    const routes = wordPress();
    const site = await serve({
      '*': (response, request) => {
        if (request.headers.authorization !== wanted) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        else (routes[(request.url ?? '').split('?')[0] ?? ''] ?? ((r) => r.writeHead(404).end()))(response, request);
      },
    });
    await expect(probe(site.url)).rejects.toMatchObject({ code: 'source.http_auth_required' });
    const httpAuth = { username: 'door', password: 'open sesame' };
    await expect(probe(site.url, { httpAuth })).resolves.toMatchObject({ homeUrl: site.url });
  });
});

describe('what is not usable', () => {
  test('a page that is no WordPress', async () => {
    const site = await serve({ '*': (response) => response.end('<h1>Hello</h1>') });
    await expect(probe(site.url)).rejects.toMatchObject({ code: 'source.not_wordpress' });
  });

  test('a site that only answers with errors', async () => {
    const site = await serve({ '*': (response) => response.writeHead(503).end('busy') });
    await expect(probe(site.url)).rejects.toMatchObject({
      code: 'source.unreachable',
      message: expect.stringContaining('HTTP 503'),
    });
  });

  test('a redirect to another host is named, and not followed', async () => {
    const other = await serve(wordPress());
    const location = other.url.replace('127.0.0.1', 'localhost');
    const site = await serve({ '*': (response) => response.writeHead(301, { location: `${location}/?a=b` }).end() });
    await expect(probe(site.url)).rejects.toMatchObject({ code: 'source.redirected', detail: { location: `${location}/` } });
    expect(other.paths).toEqual([]);
  });

  test('a circle of redirects', async () => {
    const site = await serve({ '*': (response) => response.writeHead(302, { location: '/' }).end() });
    await expect(probe(site.url)).rejects.toMatchObject({ code: 'source.unreachable' });
  });

  test('a refused connection', async () => {
    const site = await serve({});
    await new Promise((done) => servers.pop()?.close(done));
    await expect(probe(site.url)).rejects.toMatchObject({
      code: 'source.unreachable',
      message: expect.stringContaining('refused'),
    });
  });

  test('a server that hangs, in the header or in the body', async () => {
    const silent = await serve({ '*': () => undefined });
    await expect(probe(silent.url)).rejects.toMatchObject({
      code: 'source.unreachable',
      message: expect.stringContaining('in time'),
    });
    const dripping = await serve({ '*': (response) => response.write('<html>') });
    await expect(probe(dripping.url)).rejects.toMatchObject({
      code: 'source.unreachable',
      message: expect.stringContaining('in time'),
    });
  });

  test('a body without end is read no further than 256 KiB', async () => {
    let sent = 0;
    const site = await serve({
      '*': (response) => {
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 65_536;
        };
        response.on('drain', more);
        more();
      },
    });
    await expect(probe(site.url)).rejects.toMatchObject({ code: 'source.not_wordpress' });
    expect(sent).toBeLessThan(200 * 1024 * 1024);
  });

  test('a host name that does not exist', async () => {
    await expect(probe('http://shop.invalid')).rejects.toMatchObject({ code: 'source.unreachable' });
  });

  test('an abort ends the probe with its own reason', async () => {
    const site = await serve({ '*': () => undefined });
    const controller = new AbortController();
    const probing = probeSite({ url: site.url, signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(probing).rejects.toThrow('cancelled');
  });
});

describe('certificates', () => {
  let dir: string;
  let dispatcher: Agent;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'wcr-probe-'));
    await run(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'ca.key',
        '-out',
        'ca.crt',
        '-subj',
        '/CN=Test CA',
        '-days',
        '2',
      ],
      { cwd: dir },
    );
    dispatcher = new Agent({ connect: { ca: await readFile(join(dir, 'ca.crt'), 'utf8') } });
  });
  afterAll(async () => {
    await dispatcher.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function serveTls(options: { name: string; address: string; expired?: boolean; selfSigned?: boolean }): Promise<string> {
    const cwd = { cwd: dir };
    const { name } = options;
    await writeFile(join(dir, `${name}.ext`), `subjectAltName=${options.address}\n`);
    await run(
      'openssl',
      ['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
      cwd,
    );
    const signer = options.selfSigned ? ['-signkey', `${name}.key`] : ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
    const days = options.expired ? '-1' : '2';
    await run(
      'openssl',
      ['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, '-extfile', `${name}.ext`, '-days', days, ...signer],
      cwd,
    );
    const [key, cert] = await Promise.all([readFile(join(dir, `${name}.key`)), readFile(join(dir, `${name}.crt`))]);
    const routes = wordPress();
    const server = createTlsServer({ key, cert }, (request, response) => {
      (routes[(request.url ?? '').split('?')[0] ?? ''] ?? ((r) => r.writeHead(404).end()))(response, request);
    });
    return listen(server, 'https');
  }

  const cases = [
    { name: 'expired', address: 'IP:127.0.0.1', expired: true, reason: 'expired' },
    { name: 'self-signed', address: 'IP:127.0.0.1', selfSigned: true, reason: 'self-signed' },
    { name: 'other-host', address: 'DNS:other.example', reason: 'another host name' },
  ];

  test.each(cases)('$name is refused with its reason', async ({ reason, ...options }) => {
    const url = await serveTls(options);
    const probing = probeSite({ url, signal }, { dispatcher });
    await expect(probing).rejects.toMatchObject({ code: 'source.tls_invalid', message: expect.stringContaining(reason) });
  });

  test('a good one is accepted', async () => {
    const url = await serveTls({ name: 'good', address: 'IP:127.0.0.1' });
    await expect(probeSite({ url, signal }, { dispatcher })).resolves.toMatchObject({ homeUrl: url });
  });

  test('https asked of a server that speaks only http', async () => {
    const site = await serve(wordPress());
    await expect(probe(site.url.replace('http:', 'https:'))).rejects.toMatchObject({ code: 'source.tls_invalid' });
  });
});
