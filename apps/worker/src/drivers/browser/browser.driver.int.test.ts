import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { probeSite } from '../site/probe-site.ts';
import { createBrowserDriver } from './browser.driver.ts';
import type { BrowserDriver, SiteLogin } from './browser.types.ts';
import { createBrowserPool } from './browser-pool.ts';
import { buildFakePlugin } from './testing/fake-plugin.ts';
import * as behaviours from './testing/site-behaviours.ts';
import { startTestSite, type TestSite } from './testing/test-site.ts';

const run = promisify(execFile);
const CHROMIUM = '/usr/bin/chromium';
const OURS = '2.1.0';

let work: string;
let site: TestSite;
let driver: BrowserDriver;
let zips: Record<'older' | 'ours' | 'newer', string>;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'wcr-browser-test-'));
  zips = {
    older: await buildFakePlugin(work, '2.0.9'),
    ours: await buildFakePlugin(work, OURS),
    newer: await buildFakePlugin(work, '2.10.0'),
  };
  site = await startTestSite();
  driver = createDriver();
});
afterAll(async () => {
  await driver?.close();
  await site?.[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});
beforeEach(() => site.reset());

function createDriver(options: { zip?: string; pageTimeoutMs?: number } = {}): BrowserDriver {
  return createBrowserDriver({
    pool: createBrowserPool({ executablePath: CHROMIUM, sandbox: process.getuid?.() !== 0 }),
    probeSite,
    pluginZip: options.zip ?? zips.ours,
    pageTimeoutMs: options.pageTimeoutMs ?? 30_000,
    artefactDir: join(work, 'artefacts'),
  });
}

function ensure(login: Partial<SiteLogin> = {}, by: BrowserDriver = driver, signal = new AbortController().signal) {
  return by.ensurePlugin({ url: site.url, ...site.admin, ...login }, { signal, log: () => undefined });
}

const keyOfSite = (of: TestSite = site) => of.runPhp("echo get_option('wcr_fake_key');");
const activePlugins = (of: TestSite = site) => of.runPhp("echo implode(',', get_option('active_plugins'));");

describe('setting up the plugin', () => {
  test('a fresh site gets the plugin, activated, and gives its pairing key', async () => {
    const setup = await ensure();
    expect(setup).toEqual({ action: 'installed', pluginVersion: OURS, pairingKey: await keyOfSite() });
    expect(await activePlugins()).toBe('wp-clone-restore/wp-clone-restore.php');
    expect(await site.countLogins()).toBe(1);
  });
});
