import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { findBrowser } from '@wcr/stack/services/browser';
import { findFreePort } from '@wcr/stack/services/process';
import { chromium } from 'playwright';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startGuardedProxy } from '../source-network/guarded-proxy.ts';
import { createPublicNetwork } from '../source-network/public-network.ts';
import { rulesFor } from '../source-network/testing/canary.ts';
import { type BrowserPool, type BrowserPoolOptions, createBrowserPool } from './browser-pool.ts';
import { guardRequests } from './guard-requests.ts';
import { ownBrowsers } from './testing/own-browsers.ts';

const executablePath = findBrowser() ?? 'none';
const sandbox = process.getuid?.() !== 0;
const signal = new AbortController().signal;
const toClose: (() => Promise<unknown>)[] = [];

/** Whoever was in this process before may have left an idle one. */
beforeAll(async () => {
  await vi.waitFor(async () => expect(await ownBrowsers()).toEqual([]), { timeout: 90_000, interval: 250 });
});
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

function pool(options: Partial<BrowserPoolOptions> = {}): BrowserPool {
  const made = createBrowserPool({ executablePath, sandbox, ...options });
  toClose.push(() => made.close());
  return made;
}

async function titleThrough(browsers: BrowserPool): Promise<string> {
  return browsers.withContext({}, signal, async (context) => {
    const page = await context.newPage();
    await page.goto('data:text/html,<title>hello</title>');
    return page.title();
  });
}

test('one browser serves all uses, and a new one is started when it has died', async () => {
  const browsers = pool();
  await titleThrough(browsers);
  const before = await ownBrowsers();
  await titleThrough(browsers);
  expect(await ownBrowsers()).toEqual(expect.arrayContaining([before[0]]));
  process.kill(Number(before[0]), 'SIGKILL');
  await expect.poll(async () => (await ownBrowsers()).filter((pid) => before.includes(pid))).toEqual([]);
  await expect(titleThrough(browsers)).resolves.toBe('hello');
});

test('a browser inherits nothing of the worker', async () => {
  vi.stubEnv('WCR_SECRETS_KEY', 'not for strangers');
  toClose.push(async () => vi.unstubAllEnvs());
  await pool({ environment: { HOME: tmpdir() } }).withContext({}, signal, async () => {
    const environments = await Promise.all((await ownBrowsers()).map((pid) => readFile(`/proc/${pid}/environ`, 'utf8')));
    expect(environments.some((text) => text.includes(`HOME=${tmpdir()}`))).toBe(true);
    expect(environments.join('')).not.toContain('WCR_');
  });
});

test('an idle browser is ended', async () => {
  const browsers = pool({ idleMs: 50 });
  await titleThrough(browsers);
  await expect.poll(ownBrowsers, { timeout: 20_000 }).toEqual([]);
  await expect(titleThrough(browsers)).resolves.toBe('hello');
});

test('a browser that is not there is named without its address', async () => {
  await expect(titleThrough(pool({ executablePath: '/nowhere/chromium' }))).rejects.toMatchObject({
    code: 'browser.unavailable',
  });
  const remote = pool({ endpoint: 'ws://127.0.0.1:9/?token=secret-token' });
  await expect(titleThrough(remote)).rejects.toMatchObject({
    code: 'browser.unavailable',
    message: expect.not.stringContaining('secret-token'),
  });
});

test('a remote browser is used by Playwright’s own protocol', async () => {
  const server = await chromium.launchServer({ executablePath, chromiumSandbox: sandbox });
  toClose.push(() => server.close());
  await expect(titleThrough(pool({ endpoint: server.wsEndpoint() }))).resolves.toBe('hello');
});

test('a remote browser is used by CDP', async () => {
  const port = await findFreePort();
  const args = [`--remote-debugging-port=${port}`];
  const server = await chromium.launch({ executablePath, chromiumSandbox: sandbox, args });
  toClose.push(() => server.close());
  await expect(titleThrough(pool({ endpoint: `http://127.0.0.1:${port}` }))).resolves.toBe('hello');
});

test('a page loads scripts and styles of its own host, and nothing else from anywhere', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host?.split(':')[0]}${request.url}`);
    const other = `http://localhost:${(server.address() as AddressInfo).port}`;
    response.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/javascript').end(
      `<script src="/own.js"></script><script src="${other}/third.js"></script><img src="/own.png"><iframe src="${other}/frame"></iframe>
       <script>fetch("${other}/fetched").catch(() => 0).then(() => { document.title = 'done'; });</script>`,
    );
  });
  const port = await listen(server);
  await pool().withContext({}, signal, async (context) => {
    await guardRequests(context, { hosts: new Set(['127.0.0.1']) });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction("document.title === 'done'");
  });
  expect(seen.toSorted()).toEqual(['127.0.0.1/', '127.0.0.1/own.js']);
});

test('a browser behind the guarded proxy reaches no private address, by a redirect, a name or loopback', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    if (request.url !== '/favicon.ico') seen.push(`${request.headers.host?.split(':')[0]}${request.url}`);
    if (request.url === '/login') response.writeHead(302, { location: `http://127.0.0.1:${port}/redirected` }).end();
    else response.setHeader('content-type', 'text/html').end('<title>hello</title>');
  });
  const port = await listen(server);
  const network = createPublicNetwork(rulesFor(), async () => [{ address: '127.0.0.1', family: 4 }]);
  const startProxy = () =>
    startGuardedProxy({
      connect: async (host, ...rest) =>
        host === 'shop.example' ? connect(port, '127.0.0.1') : await network.connect(host, ...rest),
    });
  await pool({ startProxy }).withContext({}, signal, async (context) => {
    const page = await context.newPage();
    await page.goto('http://shop.example/');
    expect(await page.title()).toBe('hello');
    for (const host of ['shop.example/login', 'localhost', '127.0.0.1', '[::1]', 'intern.example']) {
      const url = new URL(`http://${host}`);
      url.port ||= String(port);
      const answer = await page.goto(url.href).catch(() => undefined);
      expect([200, 302]).not.toContain(answer?.status());
    }
  });
  expect(seen).toEqual(['shop.example/', 'shop.example/login']);
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, () => done()));
  toClose.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return (server.address() as AddressInfo).port;
}
