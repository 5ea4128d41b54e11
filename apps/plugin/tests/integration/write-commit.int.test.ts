import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { crashPoints, oneOfEach } from '../../../../packages/stack/src/testing/crash-points.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { makeTarget, snapshot, stage, stageSmall, stageStatements } from './support/target-site.ts';
import {
  CRASHES_PER_SERVER,
  fileFrame,
  newSession,
  startWriteAgent,
  type WriteAgent,
  type WriteAgentOptions,
  wirePath,
} from './support/write-agent.ts';

type Sql = Awaited<ReturnType<typeof connectAsRoot>>;

const top = mkdtempSync(join(tmpdir(), 'wcr-write-commit-'));
let options: WriteAgentOptions;
let agent: WriteAgent;
let sql: Sql;
let session: string;
let count = 0;

beforeEach(async () => {
  count += 1;
  const server = await useMariaDb();
  const database = await server.createDatabase();
  options = { server, database, dir: join(top, String(count)) };
  mkdirSync(options.dir);
  // As the site's own user, who is then the definer of triggers and views.
  sql = await connectAsRoot({ ...server, rootUser: database.user, rootPassword: database.password }, database.name);
  agent = await startWriteAgent(options);
  await makeTarget(sql, agent.root);
  session = newSession();
});

afterEach(async () => {
  await agent.stop();
  await sql.query(`DROP DATABASE \`${options.database.name}\``);
  await sql.end();
});

afterAll(() => rmSync(top, { recursive: true, force: true }));

async function restart(crash?: WriteAgentOptions['crash']): Promise<void> {
  await agent.stop();
  agent = await startWriteAgent({ ...options, ...(crash && { crash }) });
}

function file(path: string): string {
  return readFileSync(join(agent.root, path), 'utf8');
}

async function leftovers(): Promise<string[]> {
  const [rows] = await sql.query("SHOW TABLES LIKE '%wcr%'");
  return (rows as Record<string, string>[]).flatMap((row) => Object.values(row));
}

it('shows nothing of what is staged before the commit, and everything after', async () => {
  const before = await snapshot(sql, agent.root);
  await stage(agent, session);
  expect(await snapshot(sql, agent.root)).toEqual(before);

  await agent.call('session.commit', { session, keepRestorePoint: false });
  await stageStatements(agent, session);
  await stageStatements(agent, session);
  expect(
    await agent.call('session.verify', {
      session,
      tables: [
        { name: 'wp_parents', columns: ['id', 't'], rows: 2 },
        { name: 'wp_new', columns: ['id'], rows: 1 },
      ],
    }),
  ).toEqual({ ok: true, problems: [] });
  expect(file('index.php')).toBe('<?php // restored');
  expect(file('wp-content/thing/now-a-folder.txt')).toBe('restored');
  expect(file('wp-content/folder')).toBe('now a file');
  expect(file('wp-content/link')).toBe('restored style');
  expect(file('wp-content/kept.txt')).toBe('kept');
  expect(existsSync(join(agent.root, 'wp-content/plugins/gone/gone.php'))).toBe(false);
  expect(file('wp-content/plugins/gone/new.php')).toBe('restored into a removed folder');
  expect(existsSync(join(agent.root, 'wp-content/themes/old/extra.css'))).toBe(false);
  expect(existsSync(join(agent.root, '.maintenance'))).toBe(false);
  const [options_] = await sql.query('SELECT option_name AS name, option_value AS value FROM wp_options ORDER BY 1');
  expect(options_).toEqual([
    { name: 'blogname', value: 'restored' },
    { name: 'wcr_work_suffix', value: 'abc' },
  ]);
  const [other] = await sql.query('SHOW CREATE TABLE other_children');
  expect(JSON.stringify(other)).toContain('REFERENCES `wp_parents`');

  const late = agent.call('files.write', { session }, [fileFrame('late.txt', 'past the restore point')]);
  await expect(late).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
  await agent.call('session.finish', { session });
  expect(await leftovers()).toEqual([]);
  expect(existsSync(join(agent.work, 'sessions', session))).toBe(false);
});

it('a rollback brings back every byte, and a second commit the restored site', async () => {
  const before = await snapshot(sql, agent.root);
  await stage(agent, session);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  await stageStatements(agent, session);
  const committed = await snapshot(sql, agent.root);
  await agent.call('session.rollback', { session });
  await agent.call('session.rollback', { session });
  expect(await snapshot(sql, agent.root)).toEqual(before);

  await agent.call('session.commit', { session, keepRestorePoint: true });
  await stageStatements(agent, session);
  expect(await snapshot(sql, agent.root)).toEqual(committed);
});

it('a file in the place of a folder: what only the target had in it comes back with a rollback', async () => {
  writeFileSync(join(agent.root, 'wp-content/folder/only-here.txt'), 'of the target alone');
  const before = await snapshot(sql, agent.root);
  await stage(agent, session);
  await agent.call('files.remove', { session, paths: [wirePath('wp-content/folder/inside.txt')] });
  await agent.call('session.commit', { session, keepRestorePoint: true });
  expect(file('wp-content/folder')).toBe('now a file');
  await agent.call('session.rollback', { session });
  expect(await snapshot(sql, agent.root)).toEqual(before);
});

it('forgets staged files and removals when it is told to', async () => {
  await stage(agent, session);
  await agent.call('files.remove', { session, paths: [], reset: true });
  await agent.call('files.write', { session }, [fileFrame('wp-content/last.txt', 'the only one')]);
  await agent.call('session.commit', { session, keepRestorePoint: false });
  expect(file('index.php')).toBe('<?php // live');
  expect(existsSync(join(agent.root, 'wp-content/plugins/gone/gone.php'))).toBe(true);
  expect(file('wp-content/last.txt')).toBe('the only one');
});

it('keeps a restore point after the end of the session until it is told to remove it', async () => {
  const before = await snapshot(sql, agent.root);
  await stage(agent, session);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  await agent.call('session.finish', { session });
  // A later session leaves it alone.
  const later = newSession();
  await agent.call('session.begin', { session: later, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  await agent.call('session.finish', { session: later });
  await agent.call('session.rollback', { session });
  expect(await snapshot(sql, agent.root)).toEqual(before);
  await agent.call('session.finish', { session, removeRestorePoint: true });
  expect(await leftovers()).toEqual([]);
});

it('an earlier restore point waits until a later one is rolled back', async () => {
  const before = await snapshot(sql, agent.root);
  await stage(agent, session);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  await agent.call('session.finish', { session });
  const later = newSession();
  await agent.call('session.begin', { session: later, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  await agent.call('files.write', { session: later }, [fileFrame('index.php', '<?php // later')]);
  await agent.call('session.commit', { session: later, keepRestorePoint: true });
  await expect(agent.call('session.rollback', { session })).rejects.toMatchObject({ code: 'target.restored_since' });
  expect(file('index.php')).toBe('<?php // later');
  await agent.call('session.rollback', { session: later });
  await agent.call('session.rollback', { session });
  expect(await snapshot(sql, agent.root)).toEqual(before);
});

it('a new session clears away what a dead one has staged', async () => {
  await stage(agent, session);
  const next = newSession();
  await agent.call('session.begin', { session: next, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  expect(await leftovers()).toEqual(['wp_wcr_session']);
  await expect(agent.call('files.write', { session }, [fileFrame('a', 'b')])).rejects.toMatchObject({
    code: 'agent.session_unknown',
  });
});

it('a commit that fails in the middle is undone before it is reported', async () => {
  await stage(agent, session);
  // A table that cannot go to its place because the name of its former version is taken.
  await sql.query(`CREATE TABLE wcrb${session.slice(0, 6)}_2 (id int)`);
  const before = await snapshot(sql, agent.root);
  await expect(agent.call('session.commit', { session, keepRestorePoint: false })).rejects.toMatchObject({
    code: 'agent.failed',
  });
  await sql.query(`DROP TABLE IF EXISTS wcrb${session.slice(0, 6)}_2`);
  expect(await snapshot(sql, agent.root)).toEqual(before);
});

const CRASHED = [
  { operation: 'session.commit', back: 'session.rollback', reached: 'committed' },
  { operation: 'session.rollback', back: 'session.commit', reached: 'rolled-back' },
].map((way) => [
  { ...way, what: 'everything', prepare: stage },
  { ...way, what: 'rows and files', prepare: stageSmall },
]);

it.each(oneOfEach(CRASHED))(
  'PHP killed at any step of $operation ($what) leaves the old site or the new one',
  async ({ operation, back, reached, prepare }) => {
    const args = { session, keepRestorePoint: true };
    await prepare(agent, session);
    await agent.call('session.commit', args);
    await agent.call(operation, args);
    const goal = await snapshot(sql, agent.root);
    await agent.call(back, args);
    const start = await snapshot(sql, agent.root);
    const crashFile = join(options.dir, 'crash-plan');
    options = { ...options, crashFile };
    await restart();
    const survives = async (at: number): Promise<boolean> => {
      writeFileSync(crashFile, `${operation} ${at} self`);
      await agent.call(operation, args).catch(() => undefined);
      // It is gone where PHP came to the step.
      return existsSync(crashFile);
    };
    let last = 0;
    let crashes = 0;
    for (const at of crashPoints()) {
      last = at;
      if (await survives(at)) break;
      // Any call of the session ends what was interrupted.
      const { phase } = await agent.call('session.state', { session });
      expect({ at, seen: await snapshot(sql, agent.root) }).toEqual({ at, seen: phase === reached ? goal : start });
      await agent.call(operation, args);
      expect(await snapshot(sql, agent.root)).toEqual(goal);
      await agent.call(back, args);
      expect(await snapshot(sql, agent.root)).toEqual(start);
      crashes += 1;
      if (crashes % CRASHES_PER_SERVER === 0) await restart();
    }
    expect(last).toBeGreaterThan(20);
    expect(await snapshot(sql, agent.root)).toEqual(goal);
  },
  600_000,
);

it('a rollback that was killed when files were back, and then meets a visitor’s row, leaves the restored site', async () => {
  const before = await snapshot(sql, agent.root);
  await stageSmall(agent, session);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  const restored = await snapshot(sql, agent.root);
  const isFileThere = () => existsSync(join(agent.root, 'wp-content/new-plugin'));
  for (let at = 2; isFileThere(); at += 1) {
    await restart({ operation: 'session.rollback', at });
    await agent.call('session.rollback', { session }).catch(() => undefined);
  }
  await restart();
  await sql.query("INSERT INTO wp_comments VALUES (2, 'a visitor’s', 1)");
  await expect(agent.call('session.rollback', { session })).rejects.toMatchObject({ code: 'target.changed' });
  expect(await agent.call('session.state', { session })).toMatchObject({ phase: 'committed' });
  await sql.query('DELETE FROM wp_comments WHERE id = 2');
  expect(await snapshot(sql, agent.root)).toEqual(restored);
  await agent.call('session.rollback', { session });
  expect(await snapshot(sql, agent.root)).toEqual(before);
}, 120_000);

it('a rollback to a kept restore point goes on after crashes', async () => {
  const before = await snapshot(sql, agent.root);
  await stage(agent, session);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  await agent.call('session.finish', { session });
  const after = await snapshot(sql, agent.root);
  for (const at of [1, 6, 12, 20, 30]) {
    await restart({ operation: 'session.rollback', at });
    await agent.call('session.rollback', { session }).catch(() => undefined);
    await restart();
    const { phase } = await agent.call('session.state', { session });
    expect({ at, phase, seen: await snapshot(sql, agent.root) }).toEqual({ at, phase, seen: phase === 'kept' ? after : before });
  }
  await agent.call('session.rollback', { session });
  expect(await snapshot(sql, agent.root)).toEqual(before);
  await agent.call('session.finish', { session });
  expect(await leftovers()).toEqual([]);
}, 60_000);

it('lets agent requests through its maintenance mode and nobody else', async () => {
  await stage(agent, session);
  await restart({ operation: 'session.commit', at: 1 });
  for (let at = 2; !existsSync(join(agent.root, '.maintenance')); at += 4) {
    await agent.call('session.commit', { session }).catch(() => undefined);
    await restart({ operation: 'session.commit', at });
  }
  expect(file('.maintenance')).toContain('HTTP_X_WCR_OPERATION');
  await restart();
  await agent.call('session.state', { session });
  expect(existsSync(join(agent.root, '.maintenance'))).toBe(false);
});
