import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { REFUSED_SITES } from '@wcr/shared/testing/refused-sites';
import { findBrowser } from '@wcr/stack/services/browser';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGuardedProxy } from '../source-network/guarded-proxy.ts';
import { createPublicNetwork } from '../source-network/public-network.ts';
import { type Canary, dnsOf, rulesFor, startCanary } from '../source-network/testing/canary.ts';
import { createBrowserDriver } from './browser.driver.ts';
import { type BrowserPool, createBrowserPool } from './browser-pool.ts';
import { buildFakePlugin } from './testing/fake-plugin.ts';

const signal = new AbortController().signal;
/** One of each kind: all that a browser asks goes through the proxy, which is tried with every spelling. */
const addresses = REFUSED_SITES.filter(
  ({ isUnusable, what }, at) => !isUnusable && REFUSED_SITES.findIndex((other) => other.what === what) === at,
);
const records = Object.fromEntries(
  addresses.flatMap(({ url, leadsTo }) => (leadsTo ? [[new URL(url.replace('{port}', '1')).hostname, leadsTo]] : [])),
);
const network = createPublicNetwork(rulesFor(), dnsOf(records));
const PATIENCE_MS = 100_000;
let canary: Canary;
let pool: BrowserPool;

/** A hostile site: its page asks for every refused address in each way there is. */
const site = createServer((request, response) => {
  const at = /^\/redirect\/(\d+)/.exec(request.url ?? '')?.[1];
  if (at !== undefined) return response.writeHead(302, { location: headerOf(addressOf(Number(at))) }).end();
  const all = JSON.stringify([...addresses.keys()].map(addressOf)).replaceAll('<', '\\u003c');
  response.setHeader('content-type', 'text/html; charset=utf-8').end(
    `<script>
      const element = (name, set) => document.documentElement.appendChild(Object.assign(document.createElement(name), set));
      const attempt = (ask) => { try { return ask(); } catch {} };
      const asked = ${all}.flatMap((address, at) => {
        for (const src of [address, '/redirect/' + at]) element('script', { src });
        for (const name of ['img', 'video']) element(name, { src: address });
        for (const rel of ['stylesheet', 'prefetch', 'preconnect']) element('link', { rel, href: address });
        attempt(() => new WebSocket(address.replace(/^http/, 'ws')));
        attempt(() => new EventSource(address));
        attempt(() => navigator.sendBeacon(address, 'x'));
        if (at === 0) element('iframe', { src: address });
        return [fetch(address, { mode: 'no-cors' }), fetch('/redirect/' + at, { mode: 'no-cors' })];
      });
      Promise.allSettled(asked).then(() => { document.title = 'done'; });
    </script>`,
  );
});

beforeAll(async () => {
  canary = await startCanary();
  await once(site.listen(0, '127.0.0.1'), 'listening');
  const { port } = site.address() as AddressInfo;
  const startProxy = () =>
    startGuardedProxy({
      connect: async (host, ...rest) =>
        host === 'shop.example' && rest[0] === 80 ? connect(port, '127.0.0.1') : network.connect(host, ...rest),
    });
  pool = createBrowserPool({ executablePath: findBrowser() ?? 'none', sandbox: process.getuid?.() !== 0, startProxy });
});
afterAll(async () => {
  await pool.close();
  site.closeAllConnections();
  site.close();
  await canary[Symbol.asyncDispose]();
});

/** As bytes, and without the line breaks that no header can have. */
const headerOf = (address: string) => Buffer.from(address.replaceAll('\n', '')).toString('latin1');
const addressOf = (at: number) => (addresses[at]?.url ?? '').replace('{port}', String(canary.port)).trim();

it('reaches none of the refused addresses by subresources, redirects of these, frames, sockets or beacons of a page', async () => {
  await pool.withContext({}, signal, async (context) => {
    const page = await context.newPage();
    await page.goto('http://shop.example/', { waitUntil: 'commit' });
    await page.waitForFunction("document.title === 'done'", undefined, { timeout: PATIENCE_MS });
  });
  expect(canary.lines()).toBe(0);
});

// A few: each is a process of its own, and all that the browser asks goes the same way.
it('reaches none of them by navigation or redirects of it', async () => {
  const few = ['127.0.0.1', '[::1]', 'localhost', '0x7f.1', 'rebound.example', 'mixed.example'];
  const urls = few.map((host) => `http://${host}:${canary.port}/`);
  await pool.withContext({}, signal, async (context) => {
    const first = addresses.findIndex(({ url }) => url.startsWith('http://127.0.0.1:'));
    const redirect = `http://shop.example/redirect/${first}`;
    const page = await context.newPage();
    for (const url of [...urls, redirect]) {
      const answer = await page.goto(url, { waitUntil: 'commit' }).catch(() => undefined);
      expect([url, answer?.status() ?? 403]).toEqual([url, 403]);
    }
  });
  expect(canary.lines()).toBe(0);
});

it('names the refusal when a login page has moved to a private network since it was looked at', async () => {
  const pluginZip = await buildFakePlugin(temporaryFolder(), '1.0.0');
  const probeSite = () => Promise.reject(new Error('a login page that is known needs no probe'));
  const driver = createBrowserDriver({
    pool,
    probeSite,
    assertPublic: network.assertPublic,
    pluginZip,
    pageTimeoutMs: PATIENCE_MS,
  });
  const login = { url: 'http://shop.example', username: 'anna', password: 'hunter2' };
  for (const loginUrl of ['http://rebound.example/wp-login.php', `http://127.0.0.1:${canary.port}/`])
    await expect(driver.ensurePlugin({ ...login, loginUrl }, { signal, log: () => undefined })).rejects.toMatchObject({
      code: 'source.address_refused',
    });
  expect(canary.lines()).toBe(0);
});
