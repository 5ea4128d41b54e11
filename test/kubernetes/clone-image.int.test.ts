import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SiteFacts } from '@wcr/shared/contracts/agent-facts';
import { createAgentClient } from '@wcr/worker/drivers/agent/agent-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClonePodScene, startClonePod } from '../support/kubernetes/clone-pod-scene.ts';
import { canRunContainers } from '../support/kubernetes/pod-runner/run-container.ts';

const { signal } = new AbortController();
const WEB_UID = 33;

/** Written by the agent's configuration, which PHP reads without the limits of a site. */
const PROBE = `
$places = array( '/', '/etc', '/etc/wcr', '/opt/wcr/agent', '/opt/wcr/image', '/usr/src', '/var/www', '/var/www/html', '/tmp', '/run/wcr' );
$writable = array_values( array_filter( $places, function ( $dir ) { return false !== @file_put_contents( rtrim( $dir, '/' ) . '/probe', '' ); } ) );
$status = file_get_contents( '/proc/self/status' );
preg_match_all( '/^(Uid|Gid|CapEff|CapBnd|NoNewPrivs):\\s+(\\S+)/m', $status, $found );
file_put_contents( '/run/wcr/probe.json', json_encode( array( 'writable' => $writable, 'status' => array_combine( $found[1], $found[2] ), 'root' => array_values( array_diff( scandir( '/' ), array( '.', '..' ) ) ) ) ) );
`;

describe.skipIf(!canRunContainers)('a pod with an empty site', () => {
  let clone: ClonePodScene;
  beforeAll(async () => {
    clone = await startClonePod();
    await clone.pod.ready();
  });
  afterAll(() => clone?.[Symbol.asyncDispose]());

  it('is alive and ready, without a WordPress', async () => {
    expect((await fetch(`${clone.pod.url}/healthz`)).status).toBe(200);
    const ready = await clone.get('.wcr/ready');
    expect([ready.status, await ready.text()]).toEqual([200, 'ready\n']);
  });

  it('tells visitors that the clone is being made, whatever they ask for', async () => {
    clone.writeSite({ 'index.php': '<?php echo "half a site";', 'style.css': 'p{}' });
    for (const path of ['', 'style.css', 'wp-login.php', 'a/page/']) {
      const page = await clone.get(path);
      const { status, headers } = page;
      expect([status, headers.get('retry-after'), headers.get('cache-control')]).toEqual([503, '3', 'no-store']);
      expect(await page.text()).toContain('The clone is being made');
    }
  });

  it('has an agent that answers whoever has the key, with the limits of a clone', async () => {
    const frames = [];
    for await (const frame of clone.client.call('site.facts', {}, { signal })) frames.push(frame);
    expect(SiteFacts.parse(frames[0]?.meta)).toMatchObject({
      standalone: true,
      paths: { root: '/var/www/html/' },
      database: { name: clone.database.name, prefix: 'wp_' },
      php: { maxExecutionSeconds: 60, memoryLimitBytes: 256 * 1024 * 1024 },
    });
    const url = `${clone.pod.url}${clone.prefix}/.wcr/agent`;
    const stranger = createAgentClient({ url, transport: 'standalone', pairingKey: '0'.repeat(64) });
    await expect(stranger.call('site.facts', {}, { signal }).next()).rejects.toMatchObject({ code: 'agent.signature_rejected' });
    expect((await fetch(url)).status).toBe(405);
  });

  it('takes files from the agent, which belong to the web server’s user', async () => {
    await clone.target.begin({ mode: 'replace', prefix: 'wp_', expect: { dbBytes: 1, fileBytes: 1 } });
    await clone.target.writeFile('a/deep/note.txt', 'a note', 0o640);
    await clone.target.finish();
    const { uid, mode } = statSync(join(clone.pod.folders.site, 'a/deep/note.txt'));
    expect([uid, mode & 0o777]).toEqual([WEB_UID, 0o640]);
  });

  it('lets visitors in, and out again, when the agent is told so', async () => {
    clone.writeSite({ 'index.php': '<?php echo "whole, until ", $_SERVER["WCR_CLONE_EXPIRES_AT"] ?? "?";' });
    await clone.admit('open');
    expect(await (await clone.get('')).text()).toBe('whole, until ?');
    await clone.admit('4102444800');
    expect(await (await clone.get('')).text()).toBe('whole, until 4102444800');
    await clone.admit('1700000000');
    expect((await clone.get('')).status).toBe(404);
    await clone.admit('closed');
    expect((await clone.get('')).status).toBe(503);
  });

  it('shuts nobody out in the moment in which it is told anew', async () => {
    await clone.admit('open');
    const answers: number[] = [];
    let isDone = false;
    const visits = (async () => {
      while (!isDone) answers.push((await clone.get('')).status);
    })();
    for (let round = 0; round < 20; round += 1) await clone.admit(String(4102444800 + round));
    isDone = true;
    await visits;
    expect(new Set(answers)).toEqual(new Set([200]));
  });

  it('answers nothing beside the clone’s own path', async () => {
    for (const path of ['/', '/index.php', `${clone.prefix}x/`, '/var/www/html/', '/.wcr/agent', '/server-status']) {
      expect([path, (await fetch(clone.pod.url + path)).status]).toEqual([path, 404]);
    }
  });
});

describe.skipIf(!canRunContainers)('the life of a pod', () => {
  it('ends with a message when its Secret is not mounted', async () => {
    await using clone = await startClonePod({ agentConfig: undefined });
    expect(await clone.pod.exited).toEqual({ code: 78, signal: null });
    expect(clone.pod.logs()).toContain('/etc/wcr/agent.php is missing');
  });

  it.each([
    ['WCR_CLONE_ID', 'clone-1'],
    ['WCR_CLONE_URL', 'clones.example.com'],
    ['WCR_URL_PREFIX', '/a/'],
    ['WCR_WORKERS', 'many'],
  ])('ends with a message about a wrong %s', async (name, value) => {
    await using clone = await startClonePod({ env: { [name]: value } });
    expect(await clone.pod.exited).toEqual({ code: 78, signal: null });
    expect(clone.pod.logs()).toContain(name);
  });

  it('is not ready without its database', async () => {
    const agentConfig =
      "<?php return array( 'pairing_key' => 'k', 'root' => '/var/www/html/', 'work' => '/run/wcr/agent/', 'url' => 'u', 'db' => array( 'host' => '127.64.0.1:9', 'user' => 'u', 'password' => 'secret', 'name' => 'n' ) );";
    await using clone = await startClonePod({ agentConfig });
    await expect.poll(() => fetch(`${clone.pod.url}/healthz`).then((it) => it.status), { timeout: 60_000 }).toBe(200);
    const answer = await fetch(`${clone.pod.url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, 'not ready: the database refuses the connection\n']);
  });

  it('lets a request under way end when it is told to stop', async () => {
    await using clone = await startClonePod();
    clone.writeSite({
      'index.php':
        '<?php touch("/tmp/begun"); while ( ! file_exists( "/tmp/go-on" ) ) { usleep( 10000 ); clearstatcache(); } echo "done";',
    });
    await clone.pod.ready();
    await clone.admit('open');
    const answer = clone.get('').then((it) => it.text());
    await expect.poll(() => statSync(join(clone.pod.folders.tmp, 'begun')).isFile(), { timeout: 60_000 }).toBe(true);
    const stopped = clone.pod.stop(60_000);
    await expect.poll(() => fetch(`${clone.pod.url}/healthz`).catch(() => 'refused'), { timeout: 60_000 }).toBe('refused');
    writeFileSync(join(clone.pod.folders.tmp, 'go-on'), '');
    expect(await answer).toBe('done');
    expect(await stopped).toEqual({ code: 0, signal: null });
  });

  it('is killed with all its processes when it does not end within the grace', async () => {
    await using clone = await startClonePod();
    clone.writeSite({ 'index.php': '<?php touch("/tmp/begun"); while ( true ) { usleep( 10000 ); }' });
    await clone.pod.ready();
    await clone.admit('open');
    const answer = clone.get('').catch(() => 'cut off');
    await expect.poll(() => statSync(join(clone.pod.folders.tmp, 'begun')).isFile(), { timeout: 60_000 }).toBe(true);
    expect(await clone.pod.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await answer).toBe('cut off');
  });

  it('runs without privileges over a file system of which only its volumes can be written', async () => {
    await using scene = await startClonePod();
    const { folders } = scene.pod;
    await using clone = await startClonePod({ agentConfig: `<?php ${PROBE} return array();`, folders: { run: folders.run } });
    await expect.poll(() => fetch(`${clone.pod.url}/readyz`).then((it) => it.status), { timeout: 60_000 }).toBe(503);
    const { default: probe } = await import(join(folders.run, 'probe.json'), { with: { type: 'json' } });
    expect(probe).toEqual({
      writable: ['/var/www/html', '/tmp', '/run/wcr'],
      status: { Uid: '33', Gid: '33', CapEff: '0000000000000000', CapBnd: '0000000000000000', NoNewPrivs: '1' },
      root: ['bin', 'dev', 'etc', 'lib', 'lib64', 'opt', 'proc', 'run', 'sbin', 'tmp', 'usr', 'var'],
    });
  });
});
