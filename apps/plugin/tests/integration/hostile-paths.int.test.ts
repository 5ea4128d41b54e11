import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../../packages/stack/src/services/run.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { encodeFrame } from '../../../worker/src/drivers/agent/frame-codec.ts';
import { fileFrame, newSession, startWriteAgent, type WriteAgent, wirePath } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-hostile-paths-'));
const plugin = join(import.meta.dirname, '../..');
const SECRET = 'nobody may see or change this';
const root = join(dir, 'site');
// Inside of the site, as on a live one.
const work = join(root, 'wp-content/wcr-work-0123456789abcdef');
let agent: WriteAgent;
let session: string;

beforeAll(async () => {
  for (const folder of [work, join(dir, 'outside/folder'), join(root, 'real')]) mkdirSync(folder, { recursive: true });
  for (const place of [work, join(dir, 'outside'), join(dir, 'outside/folder')]) writeFileSync(join(place, 'secret'), SECRET);
  const links = { 'way-out': join(dir, 'outside'), 'to-content': 'wp-content', 'to-work': work, here: '.' };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name));
  const server = await useMariaDb();
  agent = await startWriteAgent({ server, database: await server.createDatabase(), dir, root, work });
  session = newSession();
  await agent.call('session.begin', { session, mode: 'replace', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
});
afterAll(async () => {
  await agent?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const PATHS = [
  ...['../outside/secret', '/etc/passwd', 'real/../../outside/secret', './index.php', 'real//x', 'real/', '.', '..', '', 'x\0y'],
  ...['way-out/secret', 'way-out/folder/secret', 'here/way-out/secret', 'to-work/secret', 'to-work/sessions/x'],
  ...['wp-content/wcr-work-0123456789abcdef/secret', 'to-content/wcr-work-0123456789abcdef/secret'],
  ...['here/wp-content/wcr-work-0123456789abcdef/secret', 'here/here/to-content/wcr-work-0123456789abcdef/secret'],
];
/** Names of sessions and bases become names of files. */
const NAMES = [
  '',
  '.',
  '..',
  '../x',
  '../../outside',
  '/etc',
  'a/b',
  '0123456789ab\n',
  '0123456789ab/',
  '0123456789AB',
  'x\0y',
  '0123456789abc',
];

type Attempt = { readonly args: object; readonly frames?: readonly Buffer[][] };
type Operation = {
  /** What is sent for a path; one attempt for each member in which it can be. */
  readonly path?: (path: string) => readonly Attempt[];
  /** What is sent for the name of a file of the agent's own. */
  readonly name?: (name: string) => Attempt;
  /** Paths are told apart only where they would be read: what lies behind a link is left out instead. */
  readonly leavesOut?: boolean;
};

const inSession =
  (more: object = {}) =>
  (name: string): Attempt => ({ args: { session: name, ...more } });
const NOTHING: Operation = {};
const inTable: Operation = { name: inSession({ table: 'wp_options', columns: ['a'], key: ['a'], cursor: null, ranges: [] }) };

/** Every operation, and where it takes a path or the name of a file. A new one has to be added here. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'site.facts': NOTHING,
  'site.inventory': NOTHING,
  'cache.reset': NOTHING,
  'tables.schema': NOTHING,
  'files.index': { path: (path) => [{ args: { cursor: wirePath(path) } }], leavesOut: true },
  'files.read': { path: (path) => [{ args: { files: [{ path: wirePath(path), offset: 0 }] } }] },
  'files.hash': { path: (path) => [{ args: { files: [wirePath(path)] } }], name: inSession({ files: [] }) },
  'rows.read': inTable,
  'rows.ranges': inTable,
  'rows.digest': inTable,
  'tables.checksum': inTable,
  'base.read': { name: (name) => ({ args: { name, offset: 0 } }) },
  'base.write': { name: (name) => ({ args: { name, offset: 0 }, frames: [encodeFrame('F', {}, Buffer.from('evil'))] }) },
  'session.begin': {
    path: (path) => [{ args: { session: newSession(), mode: 'replace', prefix: 'wp_', expect: {}, writes: [wirePath(path)] } }],
    name: inSession({ mode: 'replace', prefix: 'wp_', expect: {} }),
  },
  'files.write': { path: (path) => [{ args: { session }, frames: [fileFrame(path, 'evil')] }], name: inSession() },
  'files.make': {
    path: (path) =>
      [
        { kind: 'd', path },
        { kind: 'l', path, target: 'real' },
      ].map((entry) => ({
        args: { session, entries: [{ ...entry, mode: 0o755, path: wirePath(path), target: wirePath('real') }] },
      })),
    name: inSession({ entries: [] }),
  },
  'files.remove': { path: (path) => [{ args: { session, paths: [wirePath(path)] } }], name: inSession({ paths: [] }) },
  'tables.create': { name: inSession({ tables: [] }) },
  'tables.merge': { name: inSession({ tables: [] }) },
  'rows.write': { name: inSession() },
  'options.write': { name: inSession({ table: 'wp_options', options: [] }) },
  'users.ensure-admin': { name: inSession({ login: 'a', email: 'a@b.c', passwordHash: 'x', marker: 'y' }) },
  'session.state': { name: inSession() },
  'session.execute': { name: inSession({ phase: 'after-rows', statements: [] }) },
  'session.commit': { name: inSession({ keepRestorePoint: false }) },
  'session.verify': { name: inSession({ tables: [] }) },
  'session.rollback': { name: inSession() },
  'session.finish': { name: inSession() },
};

/** What must stay as it is: all that is outside, and what is there of the agent's own. */
function untouchable(folder = join(dir, 'outside')): string[] {
  return [
    join(work, 'secret'),
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ].map((path) => `${path} ${lstatSync(path).isFile() ? readFileSync(path, 'latin1') : ''}`);
}

/** The error's code, or what the answer holds. */
async function outcomeOf(operation: string, { args, frames }: Attempt): Promise<string> {
  const answer = agent.frames(operation, args, frames).catch((error: { code: string }) => error.code);
  const given = await answer;
  return typeof given === 'string'
    ? given
    : given.map(({ meta, data }) => (JSON.stringify(meta) + data.toString('latin1')).slice(0, 200)).join();
}

it('knows every operation there is', async () => {
  const code = `require '${plugin}/includes/autoload.php'; echo json_encode( WpCloneRestore\\Agent\\OperationRegistry::complete()->names() );`;
  const names = JSON.parse(await runCommand('php', ['-r', code], { cwd: plugin })) as string[];
  expect(names.toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
});

describe.each(Object.entries(OPERATIONS).filter(([, { path }]) => path))('%s', (operation, { path, leavesOut }) => {
  it('takes no path that leads out of the site or to the agent itself', async () => {
    const before = untouchable();
    for (const hostile of PATHS)
      for (const attempt of path?.(hostile) ?? []) {
        const outcome = await outcomeOf(operation, attempt);
        if (!leavesOut || outcome.startsWith('agent.')) expect([hostile, outcome]).toEqual([hostile, 'agent.path_refused']);
        expect(outcome).not.toContain(SECRET);
      }
    expect(untouchable()).toEqual(before);
  });
});

describe.each(Object.entries(OPERATIONS).filter(([, { name }]) => name))('%s', (operation, { name }) => {
  it('takes no name that is a path', async () => {
    const before = untouchable();
    for (const hostile of NAMES) {
      const attempt = name?.(hostile);
      const isBase = operation.startsWith('base.');
      // A name of a base may look like a session's.
      if (attempt === undefined || (isBase && hostile === '0123456789abc')) continue;
      expect([hostile, await outcomeOf(operation, attempt)]).toEqual([hostile, 'agent.invalid_arguments']);
    }
    expect(untouchable()).toEqual(before);
  });
});

it('takes no link whose target is the agent’s own folder or outside, however it is written', async () => {
  const targets = [
    ...[
      '../outside',
      '../../outside',
      '/etc',
      'real/../../outside',
      '',
      '..',
      '/',
      join(dir, 'outside'),
      work,
      'wp-content/wcr-work-0123456789abcdef',
    ],
    ...[`${agent.root}/../outside`, `${agent.root}x`, 'x\0y'],
  ];
  const before = untouchable();
  for (const target of targets) {
    const entries = [{ kind: 'l', path: wirePath('new-link'), mode: 0o777, target: wirePath(target) }];
    expect([target, await outcomeOf('files.make', { args: { session, entries } })]).toEqual([target, 'agent.path_refused']);
  }
  expect(untouchable()).toEqual(before);
});
