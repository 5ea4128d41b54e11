import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SiteFacts } from '../../../../packages/shared/src/contracts/agent-facts.ts';
import type { Frame } from '../../../../packages/shared/src/contracts/agent-frames.ts';
import type { TransportName } from '../../../worker/src/drivers/agent/agent.types.ts';
import { createAgentClient } from '../../../worker/src/drivers/agent/agent-client.ts';
import { jsonOf } from '../../../worker/src/drivers/agent/answers.ts';
import { urlOf } from '../../../worker/src/drivers/agent/discover-agent.ts';
import { decodeStream, encodeFrame, encodeStream } from '../../../worker/src/drivers/agent/frame-codec.ts';
import { signRequest } from '../../../worker/src/drivers/agent/sign-request.ts';
import { type PluginSite, type PluginSiteOptions, startPluginSite } from './support/plugin-site.ts';

const transports: TransportName[] = ['door', 'rest', 'rest-route', 'ajax'];
const signal = AbortSignal.timeout(300_000);

async function callBy(
  transport: TransportName,
  site: PluginSite,
  options: { httpAuth?: { username: string; password: string } } = {},
) {
  const client = createAgentClient({
    url: urlOf(site.site.url, transport),
    transport,
    pairingKey: await site.pairingKey(),
    ...options,
  });
  const frames: Frame[] = [];
  for await (const frame of client.call('site.facts', {}, { signal })) frames.push(frame);
  return SiteFacts.parse(jsonOf(frames));
}

/** Sends a body as it is, and returns the status, the headers and the frames of the answer. */
async function sendRaw(url: string, headers: Record<string, string>, body: Buffer) {
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), redirect: 'manual' });
  const frames: Frame[] = [];
  for await (const frame of decodeStream(oneChunk(new Uint8Array(await response.arrayBuffer())))) frames.push(frame);
  return { status: response.status, headers: response.headers, frames };
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe('a WordPress 6.1 with every transport', () => {
  let site: PluginSite;
  const factsBody = encodeStream([encodeFrame('Q', {})]);

  beforeAll(async () => {
    site = await startPluginSite({
      version: 'debian',
      constants: { WP_MEMORY_LIMIT: '77M', MY_API_SECRET: 'hush', DISALLOW_FILE_EDIT: true, UPLOADS: 'wp-content/uploads' },
    });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it.each(transports)('%s answers a signed call', async (transport) => {
    const facts = await callBy(transport, site);
    expect(facts).toMatchObject({ protocol: 1, standalone: false, database: { prefix: 'wp_', flavour: 'mariadb' } });
    expect(facts.wordpress).toMatchObject({
      home: site.site.url,
      siteUrl: site.site.url,
      multisite: false,
      activePlugins: ['wp-clone-restore/wp-clone-restore.php'],
    });
    expect(facts.wordpress.version).toMatch(/^6\.1/);
    expect(facts.paths.outsideRoot).toEqual([]);
    expect(facts.wordpress.constants).toMatchObject({
      WP_MEMORY_LIMIT: '77M',
      DISALLOW_FILE_EDIT: true,
      UPLOADS: 'wp-content/uploads',
    });
    expect(JSON.stringify(facts)).not.toMatch(/hush|MY_API_SECRET/);
  });

  it.each(transports)('%s refuses a wrong key, with a frame and status 401', async (transport) => {
    const answer = await sendRaw(
      urlOf(site.site.url, transport),
      signRequest('site.facts', factsBody, 'f'.repeat(64), Date.now()),
      factsBody,
    );
    expect(answer.status).toBe(401);
    expect(answer.frames.map((frame) => [frame.kind, frame.meta['code']])).toEqual([['X', 'agent.signature_rejected']]);
  });

  it('refuses an old time, and tells its own', async () => {
    const headers = signRequest('site.facts', factsBody, await site.pairingKey(), Date.now() - 301_000);
    const { frames } = await sendRaw(urlOf(site.site.url, 'door'), headers, factsBody);
    expect(frames[0]?.meta['code']).toBe('agent.clock_skew');
    expect(
      Math.abs(Number((frames[0]?.meta['detail'] as { siteTime?: number } | undefined)?.siteTime) - Date.now() / 1000),
    ).toBeLessThan(100);
  });

  it('refuses another body, operation or nonce than what was signed', async () => {
    const url = urlOf(site.site.url, 'door');
    const headers = signRequest('site.facts', factsBody, await site.pairingKey(), Date.now());
    const tampered = [
      sendRaw(url, headers, encodeStream([encodeFrame('Q', { x: 1 })])),
      sendRaw(url, { ...headers, 'x-wcr-operation': 'tables.schema' }, factsBody),
      sendRaw(url, { ...headers, 'x-wcr-nonce': randomBytes(16).toString('hex') }, factsBody),
    ];
    for (const { status, frames } of await Promise.all(tampered))
      expect([status, frames[0]?.meta['code']]).toEqual([401, 'agent.signature_rejected']);
  });

  it('accepts a changing call once, also when it is sent many times at once', async () => {
    const body = encodeStream([encodeFrame('Q', {})]);
    const headers = signRequest('cache.reset', body, await site.pairingKey(), Date.now());
    const answers = await Promise.all(Array.from({ length: 6 }, () => sendRaw(urlOf(site.site.url, 'door'), headers, body)));
    const codes = answers.map(({ frames }) => frames.at(-1)?.meta['code'] ?? frames.at(-1)?.kind).sort();
    expect(codes).toEqual(['E', ...Array.from({ length: 5 }, () => 'agent.replayed')]);
  });

  it('marks its answers as not to be cached, and sends no cookies', async () => {
    const headers = signRequest('site.facts', factsBody, await site.pairingKey(), Date.now());
    const answer = await sendRaw(urlOf(site.site.url, 'rest'), headers, factsBody);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect(answer.headers.get('x-litespeed-cache-control')).toBe('no-cache');
    expect(answer.headers.get('x-wcr-protocol')).toBe('1');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('does not know an operation that does not exist', async () => {
    const headers = signRequest('no.such', factsBody, await site.pairingKey(), Date.now());
    expect((await sendRaw(urlOf(site.site.url, 'door'), headers, factsBody)).frames[0]?.meta['code']).toBe(
      'agent.unknown_operation',
    );
  });

  it('leaves visitors alone', async () => {
    const visit = await fetch(`${site.site.url}/?wcr-agent=1`);
    expect(visit.status).toBe(200);
    expect(await visit.text()).toContain('<html');
    expect((await fetch(urlOf(site.site.url, 'rest'))).status).toBe(404);
  });

  it('the former key works for an hour after a rotation', async () => {
    const former = await site.pairingKey();
    await site.php('WpCloneRestore\\Agent\\PairingKeyStore::rotate( time() );');
    expect(await site.pairingKey()).not.toBe(former);
    const send = () => sendRaw(urlOf(site.site.url, 'door'), signRequest('site.facts', factsBody, former, Date.now()), factsBody);
    expect((await send()).status).toBe(200);
    await site.query(
      `UPDATE wp_options SET option_value = REGEXP_REPLACE(option_value, '"formerUntil":[0-9]+', '"formerUntil":1') WHERE option_name = 'wcr_pairing_keys'`,
    );
    expect((await send()).status).toBe(401);
  });

  it('the early door answers although a plugin and the theme fail', async () => {
    const broken = join(site.dir, 'wp-content/plugins/broken.php');
    writeFileSync(
      broken,
      '<?php /* Plugin Name: Broken */ if ( ! defined( "WP_ADMIN" ) ) { echo "noise"; undefined_function(); }',
    );
    await site.query(
      `UPDATE wp_options SET option_value = 'a:2:{i:0;s:10:"broken.php";i:1;s:37:"wp-clone-restore/wp-clone-restore.php";}' WHERE option_name = 'active_plugins'`,
    );
    expect((await fetch(site.site.url)).status).toBe(500);
    expect((await callBy('door', site)).wordpress.activePlugins).toContain('broken.php');
    await site.query(
      `UPDATE wp_options SET option_value = 'a:1:{i:0;s:37:"wp-clone-restore/wp-clone-restore.php";}' WHERE option_name = 'active_plugins'`,
    );
    rmSync(broken);
  });

  it('the plugin answers at the door itself where the loader is missing', async () => {
    rmSync(join(site.dir, 'wp-content/mu-plugins/0-wp-clone-restore.php'));
    expect((await callBy('door', site)).protocol).toBe(1);
  });

  it('a fatal error in the middle becomes an error frame', async () => {
    const mu = join(site.dir, 'wp-content/mu-plugins');
    mkdirSync(mu, { recursive: true });
    // Memory runs out inside of the operation.
    writeFileSync(
      join(mu, 'limit.php'),
      "<?php add_filter( 'upload_dir', function ( $dirs ) { $all = ''; while ( true ) { $all .= str_repeat( 'x', 1048576 ); } } );",
    );
    await expect(callBy('ajax', site)).rejects.toMatchObject({ code: 'agent.failed' });
    rmSync(join(mu, 'limit.php'));
    expect((await callBy('ajax', site)).protocol).toBe(1);
  });

  it('shows the key to administrators only, on a page that automation can read', async () => {
    const page = await site.php(
      'set_current_screen( "settings_page_wp-clone-restore" ); ( new WpCloneRestore\\Admin\\SettingsPage() )->render();',
    );
    expect(page).toContain(`data-wcr-pairing-key="${await site.pairingKey()}"`);
    expect(page).toMatch(/<div class="wrap" id="wcr-settings" data-wcr-version="0\.1\.0">/);
    const visitor = await site.php('wp_set_current_user( 0 ); ( new WpCloneRestore\\Admin\\SettingsPage() )->render();');
    expect(visitor).toBe('');
  });

  it('makes a new key for an administrator’s own click, and for nothing else', async () => {
    const before = await site.pairingKey();
    const rotate = '( new WpCloneRestore\\Admin\\SettingsPage() )->rotate();';
    await site.php(rotate).catch(() => undefined);
    await site
      .php(`wp_set_current_user( 0 ); $_REQUEST['_wpnonce'] = wp_create_nonce( 'wcr_rotate_key' ); ${rotate}`)
      .catch(() => undefined);
    expect(await site.pairingKey()).toBe(before);
    await site.php(`$_REQUEST['_wpnonce'] = wp_create_nonce( 'wcr_rotate_key' ); ${rotate}`);
    expect(await site.pairingKey()).toMatch(/^[0-9a-f]{64}$/);
    expect(await site.pairingKey()).not.toBe(before);
  });
});

describe('hosts that are in the way', () => {
  const cases: Record<
    string,
    { options: PluginSiteOptions; transports: TransportName[]; httpAuth?: { username: string; password: string } }
  > = {
    'HTTP Basic authentication, in a sub-folder': {
      options: { basicAuth: { username: 'staging', password: 'pass' }, pathPrefix: '/blog' },
      transports,
      httpAuth: { username: 'staging', password: 'pass' },
    },
    'plain permalinks, zlib compression, output buffering and another prefix': {
      options: {
        permalinks: false,
        prefix: 'Ab_9',
        ini: { 'zlib.output_compression': '1', output_buffering: '4096', display_errors: '1' },
      },
      transports: ['door', 'rest-route', 'ajax'],
    },
    'WordPress 6.2': { options: { version: '6.2' }, transports },
  };

  for (const [name, { options, transports: usable, httpAuth }] of Object.entries(cases)) {
    it(name, async () => {
      await using site = await startPluginSite(options);
      for (const transport of usable) {
        const facts = await callBy(transport, site, httpAuth ? { httpAuth } : {});
        expect(facts.wordpress.home, transport).toBe(site.site.url);
        expect(facts.database.prefix).toBe(options.prefix ?? 'wp_');
      }
    });
  }
});

describe('coming and going', () => {
  it('deactivation closes the early door, uninstalling leaves nothing', async () => {
    await using site = await startPluginSite({ activate: false });
    const traces = async () => {
      const tables = await site.query("SHOW TABLES LIKE '%wcr%'");
      const options = await site.query(
        "SELECT option_name FROM wp_options WHERE option_name LIKE '%wcr%' OR option_name LIKE '%clone_restore%'",
      );
      return { tables, options, content: readdirSync(join(site.dir, 'wp-content')).sort() };
    };
    // WordPress itself makes this folder now and then.
    mkdirSync(join(site.dir, 'wp-content/uploads'), { recursive: true });
    const before = await traces();
    await site.php("activate_plugin( 'wp-clone-restore/wp-clone-restore.php' );");
    const loader = join(site.dir, 'wp-content/mu-plugins/0-wp-clone-restore.php');
    expect(existsSync(loader)).toBe(true);
    await site.php('( new WpCloneRestore\\Agent\\WordPressEnvironment() )->work_dir();');
    const [work] = readdirSync(join(site.dir, 'wp-content')).filter((name) => name.startsWith('wcr-work-'));
    mkdirSync(join(site.dir, 'wp-content', work ?? '', 'sessions/0123456789ab'), { recursive: true });
    for (const name of ['wp_wcr_session', 'wcr012345_1', 'wcrb012345_1', 'wcrffffff_1'])
      await site.query(`CREATE TABLE ${name} (id int)`);
    expect((await traces()).content).not.toEqual(before.content);
    await site.php("deactivate_plugins( 'wp-clone-restore/wp-clone-restore.php' );");
    expect(existsSync(loader)).toBe(false);
    await site.php("uninstall_plugin( 'wp-clone-restore/wp-clone-restore.php' );");
    const after = await traces();
    // The one that is left belongs to another site's session.
    expect(after.tables.map((row) => Object.values(row)[0])).toEqual(['wcrffffff_1']);
    expect(after.content).toEqual(before.content);
    // WordPress's own list of plugins with an uninstaller is not ours.
    expect(after.options).toEqual(before.options);
  });
});
