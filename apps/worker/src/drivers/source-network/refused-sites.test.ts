import { request as httpRequest } from 'node:http';
import { REFUSED_SITES, type RefusedSite } from '@wcr/shared/testing/refused-sites';
import { ProxyAgent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createAgentClient } from '../agent/agent-client.ts';
import { discoverAgent, urlOf } from '../agent/discover-agent.ts';
import { createGuardedProbe } from '../site/guarded-probe.ts';
import { parseAddress } from '../site/normalise-address.ts';
import { visitSite } from '../site/visit-site.ts';
import { type GuardedProxy, startGuardedProxy } from './guarded-proxy.ts';
import { createPublicNetwork } from './public-network.ts';
import { type Canary, dnsOf, rulesFor, startCanary } from './testing/canary.ts';

// Real connections, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;
const pairingKey = 'ab'.repeat(32);
const records = Object.fromEntries(
  REFUSED_SITES.flatMap(({ url, leadsTo }) => (leadsTo ? [[new URL(url.replace('{port}', '1')).hostname, leadsTo]] : [])),
);
const network = createPublicNetwork(rulesFor(), dnsOf(records));
const { dispatcher } = network;
const probe = createGuardedProbe(network);
let canary: Canary;
let proxy: GuardedProxy;

beforeAll(async () => {
  canary = await startCanary();
  proxy = await startGuardedProxy(network);
});
afterAll(async () => {
  expect(canary.lines()).toBe(0);
  await proxy.close();
  await canary[Symbol.asyncDispose]();
});

const REFUSED = { code: 'source.address_refused', retryable: false };

it('tries at least sixty addresses and encodings of them', () => {
  expect(new Set(REFUSED_SITES.map(({ url }) => url)).size).toBeGreaterThanOrEqual(60);
});

describe('an address that was given', () => {
  it.each(REFUSED_SITES)('$what: $url is not probed, as the site or as its login page', async (site) => {
    const address = addressOf(site);
    const named = site.isUnusable ? { code: 'source.invalid_url' } : REFUSED;
    await expect(probe({ url: address, signal })).rejects.toMatchObject(named);
    await expect(probe({ url: 'https://shop.example', loginUrl: address, signal })).rejects.toMatchObject(named);
    expect(canary.lines()).toBe(0);
  });
});

// Here everything that was given has been let pass, as if the name had led elsewhere a moment ago.
describe('an address that a site or a DNS leads to later', () => {
  it.each(REFUSED_SITES.filter(({ isUnusable }) => !isUnusable))('$what: $url gets no agent call and no visit', async (site) => {
    const { origin: homeUrl, href } = parseAddress(addressOf(site));
    await expect(discoverAgent({ homeUrl, pairingKey, signal, dispatcher })).rejects.toMatchObject(REFUSED);
    const client = createAgentClient({ url: urlOf(homeUrl, 'rest'), transport: 'rest', pairingKey }, { dispatcher });
    await expect(client.call('site.facts', {}, { signal }).next()).rejects.toMatchObject(REFUSED);
    await expect(visitSite(href, { signal, dispatcher })).rejects.toMatchObject(REFUSED);
    expect(canary.lines()).toBe(0);
  });

  it.each(REFUSED_SITES.filter(({ isUnusable }) => !isUnusable))('$what: $url gets no line through the proxy', async (site) => {
    const { href } = parseAddress(addressOf(site));
    expect(await statusThroughProxy(href.replace(/^https/, 'http'))).toBe(403);
    const tunnels = new ProxyAgent({ uri: proxy.url, proxyTunnel: true });
    await expect(request(href, { dispatcher: tunnels })).rejects.toThrow(/403/);
    await tunnels.close();
    expect(canary.lines()).toBe(0);
  });
});

function addressOf({ url }: RefusedSite): string {
  return url.replace('{port}', String(canary.port));
}

function statusThroughProxy(target: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname: host, port } = new URL(proxy.url);
    httpRequest({ host, port, path: target }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end();
  });
}
