import { chmodSync, lchownSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalGateway, startLocalGateway } from '../support/local-gateway.ts';

const SERVER_DUMP = '<?php header("Content-Type: application/json"); echo json_encode($_SERVER);';
const SITE = {
  'index.php': SERVER_DUMP,
  'wp-login.php': SERVER_DUMP,
  'wp-admin/index.php': SERVER_DUMP,
  'style.css': '0123456789',
  'pages/index.html': '<p>static',
  'empty/only.txt': 'x',
  'a b/ü.txt': 'unicode',
  'a b/ü.php': SERVER_DUMP,
  '.htaccess': 'secret',
  '.git/config': 'secret',
  '.well-known/security.txt': 'Contact: x',
  'wp-config.php': '<?php // secret',
  'wp-config.php.bak': 'secret',
  'wp-content/debug.log': 'secret',
  'shell.phtml': '<?php echo "secret";',
  'notes.PHP': '<?php echo "secret";',
  'wp-content/db.php.wcr-parked': 'secret',
  'php.ini.wcr-parked': 'secret',
  'functions.php.bak': 'secret',
  'functions.php~': 'secret',
  'functions.php_old': 'secret',
  'page.phtml.2': 'secret',
  'photo.php_.jpg': 'a picture',
  'cookie.php': '<?php setcookie("a", "1", 0, "/", "example.com"); setcookie("b", "2"); echo "ok";',
  'status.php': '<?php http_response_code((int) $_GET["code"]); header("X-Multi: 1"); header("X-Multi: 2", false); echo "body";',
  'pid.php': '<?php echo posix_getppid();',
  'post.php': '<?php echo json_encode(array($_POST, $_FILES["f"]["size"] ?? null, file_get_contents("php://input")));',
};

let gateway: LocalGateway;
let clone: CloneHandle;
beforeAll(async () => {
  gateway = await startLocalGateway();
  clone = await gateway.makeClone(SITE);
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${clone.url}/${path}`, { redirect: 'manual', ...init });
const dump = async (path: string, init: RequestInit = {}): Promise<Record<string, string>> =>
  (await (await get(path, init)).json()) as Record<string, string>;

/** Sends a target as it stands; fetch would tidy it up. */
function getRaw(target: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(gateway.url);
    httpRequest({ host: '127.0.0.1', port, path: target }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('addresses', () => {
  it('sends an address without its slash to the one with it', async () => {
    const answer = await fetch(`${clone.url}?a=1`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([301, `/${clone.record.id}/?a=1`]);
    const folder = await get('wp-admin?x=1');
    expect([folder.status, folder.headers.get('location')]).toEqual([301, `/${clone.record.id}/wp-admin/?x=1`]);
  });

  it('tells scripts where they are', async () => {
    const { id } = clone.record;
    expect(await dump('wp-login.php?redirect_to=%2Fx&y')).toMatchObject({
      SCRIPT_NAME: `/${id}/wp-login.php`,
      PHP_SELF: `/${id}/wp-login.php`,
      SCRIPT_FILENAME: `${clone.rootPath}wp-login.php`,
      DOCUMENT_ROOT: clone.rootPath.replace(/\/$/, ''),
      REQUEST_URI: `/${id}/wp-login.php?redirect_to=%2Fx&y`,
      QUERY_STRING: 'redirect_to=%2Fx&y',
      REMOTE_ADDR: '127.0.0.1',
      WCR_CLONE_ID: id,
      WCR_CLONE_EXPIRES_AT: String(Math.floor(clone.record.expiresAt / 1000)),
    });
    expect(await dump('wp-login.php/extra/path')).toMatchObject({ PATH_INFO: '/extra/path', SCRIPT_NAME: `/${id}/wp-login.php` });
    expect(await dump('a%20b/%C3%BC.php/%C3%A4')).toMatchObject({
      SCRIPT_FILENAME: `${clone.rootPath}a b/ü.php`,
      PATH_INFO: '/ä',
    });
    expect(await dump('wp-admin/')).toMatchObject({ SCRIPT_NAME: `/${id}/wp-admin/index.php` });
  });

  it('gives pretty permalinks to WordPress', async () => {
    for (const path of ['', '2024/05/hello-world/', 'wp-json/wp/v2/posts?a=b', 'shop/%C3%BC/', '%ff', 'missing.css', 'no.php']) {
      expect(await dump(path)).toMatchObject({
        SCRIPT_NAME: `/${clone.record.id}/index.php`,
        REQUEST_URI: `/${clone.record.id}/${path}`,
      });
    }
  });

  it('answers unknown clones with a page of its own', async () => {
    for (const path of ['/clone-20200101-000000-aaaa/', '/clone-20200101-000000-aaaa', '/other/', '/']) {
      const answer = await fetch(gateway.url + path, { redirect: 'manual' });
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('no such clone');
    }
  });
});

describe('what visitors may tell', () => {
  it('believes a trusted proxy about scheme and visitor, the right-most stranger first', async () => {
    const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '6.6.6.6, 203.0.113.9, 127.0.0.1' };
    expect(await dump('', { headers })).toMatchObject({ HTTPS: 'on', REMOTE_ADDR: '203.0.113.9', REQUEST_SCHEME: 'https' });
    expect(await dump('')).not.toHaveProperty('HTTPS');
  });

  it('lets no header pose as a variable of the server', async () => {
    const params = await dump('', { headers: { Proxy: 'http://evil', WCR_CLONE_ID: 'x', 'X-Real': 'kept' } });
    expect(params).toMatchObject({ HTTP_X_REAL: 'kept', WCR_CLONE_ID: clone.record.id });
    expect(params).not.toHaveProperty('HTTP_PROXY');
    expect(params).not.toHaveProperty('HTTP_WCR_CLONE_ID');
  });

  it('binds cookies to the clone', async () => {
    const answer = await get('cookie.php');
    expect(answer.headers.getSetCookie()).toEqual([`a=1; path=/${clone.record.id}/`, `b=2; path=/${clone.record.id}/`]);
  });

  it('keeps status and repeated headers, and tells robots to stay away', async () => {
    const answer = await get('status.php?code=418');
    expect([answer.status, answer.headers.get('x-multi'), await answer.text()]).toEqual([418, '1, 2', 'body']);
    for (const path of ['', 'style.css', 'nothing.git/.git']) {
      expect((await get(path)).headers.get('x-robots-tag')).toBe('noindex, nofollow');
    }
    expect((await get('', { method: 'HEAD' })).status).toBe(200);
  });

  it('hands bodies and files over', async () => {
    const form = new FormData();
    form.set('a', 'b');
    form.set('f', new Blob(['12345']), 'f.txt');
    // A form of unknown length could not be told to PHP: it is sent with one.
    const encoded = new Request('http://x', { method: 'POST', body: form });
    const body = Buffer.from(await encoded.arrayBuffer());
    const answer = await get('post.php', {
      method: 'POST',
      body,
      headers: { 'Content-Type': encoded.headers.get('content-type') ?? '' },
    });
    expect(await answer.json()).toEqual([{ a: 'b' }, 5, '']);
    const raw = await get('post.php', { method: 'POST', body: '{"x":1}', headers: { 'Content-Type': 'application/json' } });
    expect(await raw.json()).toEqual([[], null, '{"x":1}']);
  });
});

describe('static files', () => {
  it('are answered with type, validators and length', async () => {
    const answer = await get('style.css');
    expect(await answer.text()).toBe('0123456789');
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(answer.headers.get('content-length')).toBe('10');
    const etag = answer.headers.get('etag') ?? '';
    const modified = answer.headers.get('last-modified') ?? '';
    expect((await get('style.css', { headers: { 'If-None-Match': `"x", ${etag}` } })).status).toBe(304);
    expect((await get('style.css', { headers: { 'If-Modified-Since': modified } })).status).toBe(304);
    expect((await get('style.css', { headers: { 'If-None-Match': '"x"', 'If-Modified-Since': modified } })).status).toBe(200);
    const head = await get('style.css', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    expect((await get('style.css', { method: 'POST', body: 'x' })).status).toBe(405);
    expect(await (await get('a%20b/%C3%BC.txt')).text()).toBe('unicode');
    expect(await (await get('pages/')).text()).toBe('<p>static');
    expect(await (await get('.well-known/security.txt')).text()).toBe('Contact: x');
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=4-2', 200, '0123456789', null],
    ['bytes=0-1,3-4', 200, '0123456789', null],
  ])('serve the range %s', async (range, status, text, contentRange) => {
    const answer = await get('style.css', { headers: { Range: range } });
    expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([status, text, contentRange]);
  });

  it('serve the whole file to who has the beginning of another one', async () => {
    const answer = await get('style.css', { headers: { Range: 'bytes=2-4', 'If-Range': '"other"' } });
    expect([answer.status, await answer.text()]).toEqual([200, '0123456789']);
  });
});

describe('what nobody may read', () => {
  it.each([
    ...['.htaccess', '.git/config', 'wp-config.php.bak', 'wp-content/debug.log', 'shell.phtml', 'notes.PHP', 'empty/'],
    ...['wp-content/db.php.wcr-parked', 'php.ini.wcr-parked', 'functions.php.bak', 'functions.php~', 'functions.php_old'],
    'page.phtml.2',
  ])('answers 404 for %s', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('secret');
  });

  it.each([
    ['deny from all', 404],
    [
      '<IfModule mod_authz_core.c>\nRequire all denied\n</IfModule>\n# old\nOrder deny,allow\nDeny from All\nOptions -Indexes\n',
      404,
    ],
    ['Deny from all\n<FilesMatch "\\.txt$">\nAllow from all\n</FilesMatch>', 200],
    ['Options -Indexes', 200],
  ])('follows the plain denial of a folder: %j', async (rules, status) => {
    const { id } = clone.record;
    gateway.writeSite(id, { 'logs/.htaccess': rules, 'logs/one.txt': 'x', 'logs/sub/two.txt': 'x', 'logs/open/three.txt': 'x' });
    gateway.writeSite(id, { 'logs/open/.htaccess': 'Require all granted' });
    expect((await get('logs/one.txt')).status).toBe(status);
    expect((await get('logs/sub/two.txt')).status).toBe(status);
    expect((await get('logs/open/three.txt')).status).toBe(200);
  });

  it('leaves uploads alone that WordPress gave a harmless name', async () => {
    expect(await (await get('photo.php_.jpg')).text()).toBe('a picture');
  });

  it.each([
    '../record.json',
    '%2e%2e/record.json',
    '%2e%2e%2frecord.json',
    '..%2frecord.json',
    'wp-admin/../../record.json',
    'wp-admin/%2e%2e/%2e%2e/secrets.json',
    '..%5crecord.json',
    '%252e%252e/record.json',
    './/../agent/config.php',
    'style.css%00.php',
    '//../../../../etc/passwd',
    'wp-login.php/../../agent/config.php',
  ])('never leaves the site for %s', async (path) => {
    const { body } = await getRaw(`/${clone.record.id}/${path}`);
    expect(body).not.toMatch(/pairing|revision|sealed|root:x/);
  });

  it('follows no link out of the site, for files nor for scripts', async () => {
    const { site, record, agentConfig } = localClonePaths(gateway.localDir, clone.record.id);
    const { uid, gid } = statSync(site);
    const outside = join(dirname(gateway.localDir), 'outside.php');
    writeFileSync(outside, '<?php echo "escaped";');
    chmodSync(outside, 0o644);
    const links = { 'record.txt': record, 'outside.php': outside, up: '..', 'config.txt': agentConfig };
    for (const [name, target] of Object.entries(links)) {
      symlinkSync(target, join(site, name));
      lchownSync(join(site, name), uid, gid);
    }
    for (const path of ['record.txt', 'outside.php', 'up/record.json', 'up/agent/config.php', 'config.txt']) {
      const { body } = await getRaw(`/${clone.record.id}/${path}`);
      expect(body).not.toMatch(/escaped|revision|pairing/);
    }
    symlinkSync('style.css', join(site, 'inside.css'));
    expect(await (await get('inside.css')).text()).toBe('0123456789');
  });
});

describe('a clone’s life', () => {
  it('is a waiting page while the clone is made, and an agent that answers', async () => {
    const fresh = await gateway.makeClone(SITE, { status: 'copying' });
    const page = await fetch(`${fresh.url}/`);
    expect([page.status, page.headers.has('retry-after')]).toEqual([503, true]);
    const agent = await fetch(fresh.agentUrl, { method: 'POST', body: 'not signed' });
    expect(agent.headers.get('x-wcr-protocol')).toBe('1');
    expect((await fetch(fresh.agentUrl)).status).toBe(405);
  });

  it('ends for visitors with its time, whatever the record says', async () => {
    const short = await gateway.makeClone(SITE);
    expect((await fetch(`${short.url}/`)).status).toBe(200);
    await gateway.runtime.update(short.record.id, { expiresAt: Date.now() - 1 });
    expect((await fetch(`${short.url}/`)).status).toBe(404);
    expect((await fetch(`${short.url}/style.css`)).status).toBe(404);
    await gateway.runtime.update(short.record.id, { expiresAt: Date.now() + 60_000 });
    expect((await fetch(`${short.url}/`)).status).toBe(200);
  });

  it('does not end before it has begun: a copy that takes longer than the life asked for is verified all the same', async () => {
    const late = await gateway.makeClone(SITE, { status: 'copying' });
    await gateway.runtime.update(late.record.id, { expiresAt: Date.now() - 1 });
    expect((await fetch(`${late.url}/`)).status).toBe(503);
    await gateway.runtime.update(late.record.id, { finishedAt: Date.now() });
    const master = async () => (await (await fetch(`${late.url}/pid.php`)).text()) || 'none';
    const first = await master();
    expect(Number(first)).toBeGreaterThan(0);
    // Some sweeps later the same PHP still answers.
    await delay(400);
    expect(await master()).toBe(first);
    await gateway.runtime.update(late.record.id, { status: 'ready', readyAt: Date.now() });
    expect((await fetch(`${late.url}/`)).status).toBe(404);
  });
});

describe('bodies without a length, which CGI does not know', () => {
  const send = (parts: Iterable<Buffer>): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(gateway.url);
      const options = { host: '127.0.0.1', port, path: `/${clone.record.id}/post.php`, method: 'POST' };
      const request = httpRequest({ ...options, headers: { 'Content-Type': 'text/plain' } }, (response) => {
        response
          .toArray()
          .then((all) => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(all).toString() }), reject);
      });
      // The gateway hangs up on who goes on after a refusal.
      request.on('error', (error) => ('code' in error && error.code === 'EPIPE' ? undefined : reject(error)));
      Readable.from(parts).pipe(request);
    });

  it('reach PHP all the same', async () => {
    const { status, body } = await send([Buffer.from('one'), Buffer.from('two')]);
    expect([status, JSON.parse(body)]).toEqual([200, [[], null, 'onetwo']]);
    expect(JSON.parse((await send([])).body)).toEqual([[], null, '']);
    expect(readdirSync(gateway.runDir).filter((name) => name.startsWith('body-'))).toEqual([]);
  });

  it('are refused when PHP would refuse them', async () => {
    const part = Buffer.alloc(1024 * 1024);
    expect((await send(Array.from({ length: 130 }, () => part))).status).toBe(413);
    expect((await get('')).status).toBe(200);
  });
});

it('survives visitors who leave in the middle', async () => {
  const { port } = new URL(gateway.url);
  for (let round = 0; round < 5; round += 1) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(`POST /${clone.record.id}/post.php HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc`);
        socket.destroy();
        resolve();
      });
    });
  }
  expect((await get('')).status).toBe(200);
});
