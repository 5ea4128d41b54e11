import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createGuardedProbe } from '../site/guarded-probe.ts';
import { visitSite } from '../site/visit-site.ts';
import { createPublicNetwork, type LookupAll } from './public-network.ts';
import { dnsOf, rulesFor, startCanary } from './testing/canary.ts';

// Real connections, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;
/** Stands for the public internet: the rules let these tests reach it. */
const PUBLIC = '127.0.0.2';
const rules = rulesFor({ allowed: `${PUBLIC}/32` });
const REFUSED = { code: 'source.address_refused' };
const toClose: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

async function startSite(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await once(server.listen(0, PUBLIC), 'listening');
  toClose.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return (server.address() as AddressInfo).port;
}

async function guarded() {
  const canary = await startCanary();
  toClose.push(() => canary[Symbol.asyncDispose]());
  return canary;
}

/** Answers with one list of addresses after another, the last again and again, as a TTL of 0 makes possible. */
function turningDns(...answers: readonly (readonly string[])[]): { lookup: LookupAll; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    lookup: (host) => dnsOf({ [host]: answers[Math.min(asked++, answers.length - 1)] ?? [] })(host),
  };
}

it('asks for a name once a line and connects to what it was told', async () => {
  const canary = await guarded();
  const port = await startSite((_request, response) => response.setHeader('connection', 'close').end('hello'));
  const dns = turningDns([PUBLIC], ['127.0.0.1']);
  const { dispatcher } = createPublicNetwork(rules, dns.lookup);
  await expect(visitSite(`http://shop.example:${port}/`, { signal, dispatcher })).resolves.toMatchObject({ body: 'hello' });
  expect(dns.asked()).toBe(1);
  await expect(visitSite(`http://shop.example:${port}/`, { signal, dispatcher })).rejects.toMatchObject(REFUSED);
  expect(canary.lines()).toBe(0);
});

it.each([
  ['between the check and the request', [[PUBLIC], ['127.0.0.1']]],
  ['before the second request', [[PUBLIC], [PUBLIC], ['127.0.0.1']]],
  ['before the third, by one record of many', [[PUBLIC], [PUBLIC], [PUBLIC], [PUBLIC, PUBLIC, '::1', PUBLIC]]],
])('refuses a site whose name turns %s', async (_, answers) => {
  const canary = await guarded();
  const port = await startSite((request, response) => {
    response.setHeader('connection', 'close');
    if (request.url === '/') response.writeHead(302, { location: '/blog/' }).end();
    else response.end('<link rel="https://api.w.org/" href="/wp-json/">');
  });
  const probe = createGuardedProbe(createPublicNetwork(rules, turningDns(...answers).lookup));
  await expect(probe({ url: `http://shop.example:${port}`, signal })).rejects.toMatchObject(REFUSED);
  expect(canary.lines()).toBe(0);
});

it.each([
  ['redirects there', { location: 'http://127.0.0.1:{port}/' }, ''],
  ['redirects there in another spelling', { location: '//0x7f.1:{port}/' }, ''],
  ['names its REST API there', { link: '<http://127.0.0.1:{port}/wp-json/>; rel="https://api.w.org/"' }, ''],
  ['names its home there', {}, '{"namespaces":["wp/v2"],"home":"http://127.0.0.1:{port}"}'],
])('is not led to a private address by a site that %s', async (_, headers, body) => {
  const canary = await guarded();
  const filled = (text: string) => text.replace('{port}', String(canary.port));
  const port = await startSite((_request, response) => {
    const given = Object.entries(headers).map(([name, value]) => [name, filled(value)] as const);
    response.writeHead('location' in headers ? 302 : 200, Object.fromEntries(given)).end(filled(body));
  });
  const probe = createGuardedProbe(createPublicNetwork(rules, dnsOf({ 'shop.example': [PUBLIC] })));
  const found = await probe({ url: `http://shop.example:${port}`, signal }).catch((error: { code: string }) => error.code);
  expect(JSON.stringify(found)).not.toContain('127.0.0.1');
  expect(canary.lines()).toBe(0);
});

it('reaches what the operator allows, and not what the operator refuses', async () => {
  const port = await startSite((_request, response) => response.end('hello'));
  const visit = (allowed: string, refused = '') => {
    const { dispatcher } = createPublicNetwork(rulesFor({ allowed, refused }), dnsOf({ 'shop.intern.example': [PUBLIC] }));
    return visitSite(`http://shop.intern.example:${port}/`, { signal, dispatcher });
  };
  await expect(visit('')).rejects.toMatchObject(REFUSED);
  for (const allowed of ['127.0.0.0/30', PUBLIC, 'shop.intern.example', '*.intern.example'])
    await expect(visit(allowed)).resolves.toMatchObject({ body: 'hello' });
  for (const refused of ['127.0.0.2', '127.0.0.0/8', 'shop.intern.example', '*.intern.example'])
    await expect(visit('*.intern.example, 127.0.0.0/8', refused)).rejects.toMatchObject(REFUSED);
});
