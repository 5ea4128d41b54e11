import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { probeIsolation } from '@wcr/gateway/php/isolation';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CloneView, makeClone, readCredentials } from '../support/clone-flow.ts';
import { probeClone, type ReachingOut, readAdminPage, readPasswords, tryToReachOut } from '../support/clone-probe.ts';
import { databaseOf, installPluginByHand, type Source, startSource } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

let stack: TestStack;
let source: Source;
let clone: CloneView;
let answers: ReachingOut;
const reached: string[] = [];
const outside = createServer((socket) => {
  reached.push('a connection');
  socket.end();
});
const site = () => join(stack.localDir, clone.id, 'site');

beforeAll(async () => {
  stack = await startTestStack();
  source = await startSource(stack, 'source');
  const pairingKey = await installPluginByHand(stack, source);
  clone = await makeClone(stack, { source: { url: source.url, pairingKey } });
  await once(outside.listen(0, '127.0.0.1'), 'listening');
  answers = await tryToReachOut(stack, clone, (outside.address() as AddressInfo).port);
});

afterAll(async () => {
  outside.close();
  await source?.stop();
  await stack?.[Symbol.asyncDispose]();
});

/** Not every machine can give a clone's PHP a network of its own. */
async function hasNetworkIsolation(): Promise<boolean> {
  const { network } = await probeIsolation({ isRoot: process.getuid?.() === 0, wantsNetwork: true });
  return network !== undefined;
}

it('puts mail into a folder', () => {
  const folder = join(site(), 'wp-content/wcr-mail');
  const mails = readdirSync(folder).filter((name) => name.endsWith('.eml'));
  expect(mails.map((name) => readFileSync(join(folder, name), 'utf8')).join('')).toContain('Subject: Subject 4711');
  expect(answers).toMatchObject({ mail: true, sendmail: '/bin/true' });
});

it('says that it is a staging site, and runs nothing on a schedule', async () => {
  expect(answers).toMatchObject({ environment: 'staging', cron: true, due: 0 });
  await (await fetch(new URL('wp-cron.php?doing_wp_cron', clone.url))).text();
  const event = await probeClone<{ next: number | false }>(stack, clone, `$answer['next'] = wp_next_scheduled( 'probe_event' );`);
  expect(event.next).toEqual(expect.any(Number));
});

it('calls nobody', async () => {
  expect(answers.calls).toEqual(['wcr_clone_http_blocked', 'wcr_clone_http_blocked']);
  expect(reached).toEqual((await hasNetworkIsolation()) ? [] : ['a connection']);
});

it('keeps search engines away', async () => {
  const page = await fetch(clone.url);
  expect(page.headers.get('x-robots-tag')).toContain('noindex');
  expect(await page.text()).toMatch(/<meta name='robots' content='[^']*noindex/);
});

it('tells its users what it is and until when', async () => {
  const html = await readAdminPage(clone, await readCredentials(stack, clone.id));
  expect(html).toContain(`This is a clone of ${new URL(source.url).host}.`);
  expect(html).toMatch(/It expires at [^<]+ \(in [^<]+\)/);
});

it('has the source’s users with their own passwords', async () => {
  const before = await readPasswords(stack, source.database.name, source.prefix);
  expect(before.length).toBeGreaterThan(1);
  expect((await readPasswords(stack, databaseOf(clone.id), source.prefix)).slice(0, before.length)).toEqual(before);
});

it('has parked what speaks to the source’s caches', () => {
  const names = readdirSync(join(site(), 'wp-content'));
  expect(names).toEqual(expect.arrayContaining(['object-cache.php.wcr-parked', 'advanced-cache.php.wcr-parked']));
  expect(names).not.toContain('object-cache.php');
  expect(names).not.toContain('advanced-cache.php');
});

it('sees nothing of another clone', async () => {
  const other = await makeClone(stack, { source: { url: source.url } });
  const config = join(stack.localDir, other.id, 'site/wp-config.php');
  const seen = await probeClone<Record<string, unknown>>(
    stack,
    clone,
    `$answer['own'] = strlen( (string) @file_get_contents( __DIR__ . '/wp-config.php' ) ) > 100;
    $answer['file'] = @file_get_contents( '${config}' );
    $answer['folder'] = @scandir( dirname( '${config}', 3 ) );
    $answer['databases'] = $wpdb->get_col( "SHOW DATABASES LIKE 'wcr%'" );
    $answer['page'] = is_wp_error( wp_remote_get( '${other.url}' ) );
    $answer['program'] = function_exists( 'exec' );`,
  );
  expect(seen).toEqual({
    ...{ own: true, file: false, folder: false, databases: [databaseOf(clone.id)] },
    ...{ page: await hasNetworkIsolation(), program: false },
  });
});
