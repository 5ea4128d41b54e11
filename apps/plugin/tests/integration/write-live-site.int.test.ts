import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TransportName } from '../../../worker/src/drivers/agent/agent.types.ts';
import { createAgentClient } from '../../../worker/src/drivers/agent/agent-client.ts';
import { jsonOf } from '../../../worker/src/drivers/agent/answers.ts';
import { urlOf } from '../../../worker/src/drivers/agent/discover-agent.ts';
import { type PluginSite, startPluginSite } from './support/plugin-site.ts';
import { fileFrame, newSession, rowsFrame, wirePath } from './support/write-agent.ts';

let site: PluginSite;
let pairingKey: string;

beforeAll(async () => {
  site = await startPluginSite();
  pairingKey = await site.pairingKey();
});

afterAll(async () => site?.[Symbol.asyncDispose]());

async function call(
  transport: TransportName,
  operation: string,
  args: object,
  frames: readonly Buffer[][] = [],
): Promise<Record<string, unknown>> {
  const client = createAgentClient({ url: urlOf(site.site.url, transport), transport, pairingKey });
  const answer = [];
  for await (const frame of client.call(operation, args, { frames, signal: AbortSignal.timeout(60_000) })) answer.push(frame);
  return jsonOf(answer) as Record<string, unknown>;
}

const front = async () => {
  const answer = await fetch(`${site.site.url}/`);
  return { status: answer.status, text: await answer.text() };
};

it('restores a live WordPress through REST and brings it back through the door when it is broken', async () => {
  const session = newSession();
  const before = await site.query('SELECT * FROM wp_options ORDER BY option_id');
  await call('rest', 'session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  const [create] = await site.query('SHOW CREATE TABLE wp_options');
  const createSql = String(create?.['Create Table']).replace('CREATE TABLE `wp_options`', 'CREATE TABLE {{table}}');
  await call('rest', 'tables.create', { session, tables: [{ name: 'wp_options', createSql }] });
  const restored = before
    .filter((row) => !String(row['option_name']).startsWith('wcr_'))
    .map((row) => [
      String(row['option_id']),
      String(row['option_name']),
      row['option_name'] === 'blogname' ? 'Restored' : String(row['option_value']),
    ]);
  const columns = [
    { name: 'option_id', kind: 'number' },
    { name: 'option_name', kind: 'text' },
    { name: 'option_value', kind: 'text' },
  ];
  await call('rest', 'rows.write', { session }, [rowsFrame('wp_options', columns, 1, restored)]);
  // The restored site fatals on every page.
  await call('rest', 'files.write', { session }, [
    fileFrame('wp-content/plugins/broken/broken.php', '<?php broken();'),
    fileFrame('wp-content/mu-plugins/zz-broken.php', '<?php broken();'),
  ]);
  expect((await front()).text).not.toContain('Restored');
  await call('rest', 'session.commit', { session, keepRestorePoint: true });
  expect(existsSync(join(site.dir, 'wp-content/plugins/broken/broken.php'))).toBe(true);
  expect((await front()).status).toBe(500);

  // The key and the work folder survived the options table.
  expect(await call('door', 'session.state', { session })).toMatchObject({ phase: 'committed' });
  await call('door', 'session.rollback', { session });
  expect((await front()).status).toBe(200);
  // WordPress writes options of its own meanwhile; these it does not.
  const after = await site.query('SELECT * FROM wp_options ORDER BY option_id');
  const lasting = (rows: typeof before) =>
    rows.filter((row) => /^(blogname|siteurl|active_plugins|wcr_.*)$/.test(String(row['option_name'])));
  expect(lasting(after)).toEqual(lasting(before));
  expect(existsSync(join(site.dir, 'wp-content/plugins/broken'))).toBe(false);
  await call('door', 'session.finish', { session });
  expect(await site.query("SHOW TABLES LIKE '%wcr%'")).toEqual([]);
  const work = readdirSync(join(site.dir, 'wp-content')).find((name) => name.startsWith('wcr-work-'));
  expect(readdirSync(join(site.dir, 'wp-content', String(work), 'sessions'))).toEqual([]);
});

it('keeps visitors out during the swap, but not the agent', async () => {
  await site.php('( new WpCloneRestore\\Write\\Maintenance( ABSPATH ) )->begin();');
  expect((await front()).status).toBe(503);
  const session = newSession();
  await call('door', 'session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  await call('door', 'files.remove', { session, paths: [wirePath('not-there')] });
  await call('rest', 'session.commit', { session, keepRestorePoint: false });
  await call('rest', 'session.finish', { session });
  expect((await front()).status).toBe(200);
  expect(existsSync(join(site.dir, '.maintenance'))).toBe(false);
});

it('finds its way back when a server died between two renames and left no options', async () => {
  const session = newSession();
  await call('door', 'session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  const [create] = await site.query('SHOW CREATE TABLE wp_options');
  const createSql = String(create?.['Create Table']).replace('CREATE TABLE `wp_options`', 'CREATE TABLE {{table}}');
  await call('door', 'tables.create', { session, tables: [{ name: 'wp_options', createSql }] });
  const short = session.slice(0, 6);
  await site.query(`INSERT INTO wcr${short}_1 SELECT * FROM wp_options`);
  await call('door', 'session.commit', { session, keepRestorePoint: true });

  // As such a server leaves it: the journal is at the commit, the former table is away and the new one not yet in its place.
  await interrupt(session, 'committing', `RENAME TABLE wp_options TO wcr${short}_1`);
  expect((await front()).status).toBe(503);
  await expect(call('door', 'session.state', { session })).resolves.toMatchObject({ phase: 'committed' });
  expect((await front()).status).toBe(200);

  await interrupt(session, 'rolling-back', `RENAME TABLE wp_options TO wcr${short}_1`);
  await expect(call('door', 'session.state', { session })).resolves.toMatchObject({ phase: 'rolled-back' });
  expect((await front()).status).toBe(200);
  expect(existsSync(join(site.dir, '.maintenance'))).toBe(false);
  await call('door', 'session.finish', { session });
  expect(await site.query("SHOW TABLES LIKE '%wcr%'")).toEqual([]);
});

async function interrupt(session: string, phase: string, statement: string): Promise<void> {
  await site.php(`
    $store = new WpCloneRestore\\Write\\SessionStore( new WpCloneRestore\\Agent\\WordPressEnvironment() );
    $session = $store->open( '${session}' );
    $session->journal()->set( array( 'phase' => '${phase}' ) );
    ( new WpCloneRestore\\Write\\Maintenance( ABSPATH, WpCloneRestore\\Write\\Rescue::code( $session ) ) )->begin();`);
  await site.query(statement);
}
