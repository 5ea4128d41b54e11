import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '@wcr/stack/services/process';
import { SECOND_STEP } from '@wcr/worker/drivers/browser/testing/site-behaviours';
import { startTestSite, type TestSite } from '@wcr/worker/drivers/browser/testing/test-site';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeExpiredCertificate, serve, startCutLine, startSilentLine } from '../support/broken-sources.ts';
import { awaitJob, type JobView, makeClone, readClone, readJobLog, requestClone, until } from '../support/clone-flow.ts';
import { findLeftovers } from '../support/leftovers.ts';
import { readRedis } from '../support/read-redis.ts';
import { installPluginByHand, runPhpIn, type Source, startSource, startSourceBehind } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

/** Room for a clone of a small sample, and no more. */
const CLONES_MB = 160;

let stack: TestStack;
let site: TestSite;
let dir: string;
let tls: Awaited<ReturnType<typeof makeExpiredCertificate>>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wcr-failures-'));
  tls = await makeExpiredCertificate(dir);
  const env = { WCR_PATIENCE_SECONDS: '2', NODE_EXTRA_CA_CERTS: tls.caFile };
  [stack, site] = await Promise.all([startTestStack({ env, clonesMb: CLONES_MB }), startTestSite()]);
});

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** Asks for a clone that cannot be, and checks everything that holds for every failure. */
async function expectFailure(
  source: { url: string; username?: string; password?: string; pairingKey?: string },
  code: string,
  on = stack,
): Promise<NonNullable<JobView['error']>> {
  const { cloneId, jobId } = await requestClone(on, { source });
  const { status, error, ...job } = await awaitJob(on, jobId);
  expect({ status, code: error?.code }).toEqual({ status: 'failed', code });
  expect(job).toMatchObject({ attempts: 1 });
  expect(await readClone(on, cloneId)).toMatchObject({ status: 'failed', error: { code } });
  expect(await findLeftovers(on, [cloneId])).toEqual([]);
  await expectNoTrace([source.password, source.pairingKey], jobId, on);
  if (error === undefined) throw new Error('the job tells no error');
  return error;
}

/** A secret in plain, as JSON and as part of an address. */
async function expectNoTrace(secrets: readonly (string | undefined)[], jobId: string, on: TestStack): Promise<void> {
  const places = [on.readLogs(), await readJobLog(on, jobId), await readRedis(on.redisUrl)];
  const texts = places.join('\n');
  // Where nothing of the job stands, no secret would be found either.
  expect(places.map((text) => text.includes('failed'))).toEqual([true, true, true]);
  for (const secret of secrets.filter((candidate) => candidate !== undefined)) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
      expect(texts.includes(form), 'a secret was written down').toBe(false);
    }
  }
}

describe('logins that lead nowhere', () => {
  const login = () => ({ url: site.url, ...site.admin });
  afterEach(() => site.reset());

  it('a wrong password is tried once', async () => {
    await expectFailure({ ...login(), password: 'wrong, "but" <secret>' }, 'source.credentials_rejected');
    expect(await site.countLogins()).toBe(1);
  });

  it('a second factor is asked for', async () => {
    await site.behave(SECOND_STEP);
    await expectFailure(login(), 'source.two_factor_required');
  });

  it('plugins may not be installed', async () => {
    await site.configure("define( 'DISALLOW_FILE_MODS', true );");
    await expectFailure(login(), 'source.file_mods_disallowed');
  });

  it('the user is no administrator', async () => {
    const password = 'an-editor-4711';
    await site.runPhp(`wp_create_user( 'editor', '${password}' ); ( new WP_User( 'editor' ) )->set_role( 'editor' );`);
    await expectFailure({ url: site.url, username: 'editor', password }, 'source.not_administrator');
  });

  it('there is no browser', async () => {
    await using blind = await startTestStack({ env: { WCR_BROWSER_PATH: join(dir, 'no-browser') } });
    await expectFailure(login(), 'browser.unavailable', blind);
    expect(await site.countLogins()).toBe(0);
  });

  it('no login is given', async () => {
    await expectFailure({ url: site.url }, 'source.credentials_required');
  });

  it('a pairing key of another site is refused', async () => {
    await site.placePlugin(stack.pluginZip);
    await site.runPhp(
      "require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( 'wp-clone-restore/wp-clone-restore.php' );",
    );
    await expectFailure({ url: site.url, pairingKey: 'ab'.repeat(32) }, 'source.pairing_rejected');
  });
});

describe('addresses that are no source', () => {
  const nobody = { username: 'somebody', password: 'kept-secret-4711' };

  it('nobody listens there', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    await expectFailure({ url, ...nobody }, 'source.unreachable');
  });

  it('it is not a WordPress', async () => {
    using server = await serve((_request, response) => response.end('<h1>Just a page</h1>'));
    await expectFailure({ url: server.url, ...nobody }, 'source.not_wordpress');
  });

  it('one connection that is cut is not taken for an answer', async () => {
    let requests = 0;
    using server = await serve((request, response) => {
      requests += 1;
      if (requests === 1) request.socket.destroy();
      else response.end('<h1>Just a page</h1>');
    });
    await expectFailure({ url: server.url, ...nobody }, 'source.not_wordpress');
  });

  it('a password is asked for in front of it', async () => {
    using server = await serve((_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="Staging"' }).end('no'),
    );
    await expectFailure({ url: server.url, ...nobody }, 'source.http_auth_required');
  });

  it('its certificate has expired', async () => {
    using server = await serve((_request, response) => response.end('hello'), tls);
    const { message } = await expectFailure({ url: server.url, ...nobody }, 'source.tls_invalid');
    expect(message).toContain('expired');
  });

  it('it redirects to another host', async () => {
    using server = await serve((_request, response) =>
      response.writeHead(302, { location: `${site.url.replace('127.0.0.1', 'localhost')}/` }).end(),
    );
    const { message } = await expectFailure({ url: server.url, ...nobody }, 'source.redirected');
    expect(message).toContain('localhost');
  });
});

describe('sites of a kind that cannot be copied', () => {
  const used: Source[] = [];
  afterAll(() => Promise.all(used.map((source) => source.stop())));

  async function siteWith(name: string, change: (source: Source) => Promise<void> | void) {
    const source = await startSource(stack, name, { uploadMb: 0, mediaCount: 1, shopRows: 1 });
    used.push(source);
    const pairingKey = await installPluginByHand(stack, source);
    await change(source);
    return { url: source.url, pairingKey };
  }

  function configure(source: Source, constants: string): void {
    const file = join(source.dir, 'wp-config.php');
    writeFileSync(file, readFileSync(file, 'utf8').replace('<?php', `<?php\n${constants}`));
  }

  it('a network of sites', async () => {
    const source = await siteWith('network', async (made) => {
      const { hostname, port } = new URL(made.url);
      const domain = `${hostname}:${port}`;
      configure(made, "define( 'WP_ALLOW_MULTISITE', true );");
      await runPhpIn(
        made.dir,
        `require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        require_once ABSPATH . 'wp-admin/includes/network.php';
        foreach ( $wpdb->tables( 'ms_global' ) as $table => $name ) { $wpdb->$table = $name; }
        install_network();
        populate_network( 1, '${domain}', 'owner@example.com', 'Network', '/', false );`,
      );
      configure(
        made,
        `define( 'MULTISITE', true ); define( 'SUBDOMAIN_INSTALL', false ); define( 'DOMAIN_CURRENT_SITE', '${domain}' );
define( 'PATH_CURRENT_SITE', '/' ); define( 'SITE_ID_CURRENT_SITE', 1 ); define( 'BLOG_ID_CURRENT_SITE', 1 );`,
      );
    });
    await expectFailure(source, 'source.multisite_unsupported');
  });

  it('a site whose WordPress is in a folder of its own', async () => {
    const source = await siteWith('own-folder', (made) => configure(made, `define( 'WP_HOME', '${made.url}/shop' );`));
    await expectFailure({ ...source, url: `${source.url}/shop` }, 'source.layout_unsupported');
  });

  it('a site whose content lies outside its root', async () => {
    const source = await siteWith('outside', (made) => {
      const outside = join(stack.dir, 'outside-content');
      renameSync(join(made.dir, 'wp-content'), outside);
      configure(made, `define( 'WP_CONTENT_DIR', '${outside}' ); define( 'WP_CONTENT_URL', '${made.url}/content' );`);
    });
    await expectFailure(source, 'source.layout_unsupported');
  });
});

describe('things that end in the middle', () => {
  it.each(['rows.read', 'files.read'])('the source dies at %s', async (operation) => {
    const port = await findFreePort();
    const source = await startSourceBehind(stack, `dying-${operation}`, port);
    using line = await startCutLine({ port, to: () => source.port, mark: new RegExp(`x-wcr-operation: ${operation}`, 'i') });
    try {
      const pairingKey = await installPluginByHand(stack, source);
      const { message } = await expectFailure({ url: source.url, pairingKey }, 'source.died');
      expect(message).toContain('ECONNREFUSED');
      expect(line.cuts()).toBeGreaterThan(0);
    } finally {
      await source.stop();
    }
  });

  it.each([
    { how: 'cancelled', ask: ['POST', 'jobs', '/cancel'], status: 'failed' },
    { how: 'deleted', ask: ['DELETE', 'clones', ''], status: 'expired' },
  ])('the clone is $how while the source is silent', async ({ ask: [method = '', kind, rest], status }) => {
    const port = await findFreePort();
    const source = await startSourceBehind(stack, `silent-${status}`, port);
    const silence = Promise.withResolvers<void>();
    const mark = /x-wcr-operation: files\.read/i;
    using line = await startSilentLine({ port, to: () => source.port, mark, onSilence: silence.resolve });
    try {
      const pairingKey = await installPluginByHand(stack, source);
      const { cloneId, jobId } = await requestClone(stack, { source: { url: source.url, pairingKey } });
      await silence.promise;
      expect(await findLeftovers(stack, [cloneId])).not.toEqual([]);
      await stack.call(method, `/api/v1/${kind}/${kind === 'jobs' ? jobId : cloneId}${rest}`);
      expect(await awaitJob(stack, jobId)).toMatchObject({ status: 'cancelled', error: { code: 'job.cancelled' } });
      await until(async () => ((await readClone(stack, cloneId)).status === status ? true : undefined));
      expect(await findLeftovers(stack, [cloneId])).toEqual([]);
      expect(line.cuts()).toBe(0);
    } finally {
      await source.stop();
    }
  });

  it('the disk of the clones is full', async ({ skip }) => {
    if (!stack.isClonesSpaceLimited) skip('this machine lets nobody mount a small file system');
    const source = await startSource(stack, 'large', { uploadMb: CLONES_MB });
    try {
      const pairingKey = await installPluginByHand(stack, source);
      await expectFailure({ url: source.url, pairingKey }, 'target.disk_full');
      // There is room again: what was there is gone.
      rmSync(join(source.dir, 'wp-content/uploads/2024/05/film.bin'));
      mkdirSync(join(source.dir, 'wp-content/uploads/2024/06'), { recursive: true });
      await makeClone(stack, { source: { url: source.url, pairingKey } });
    } finally {
      await source.stop();
    }
  });
});
