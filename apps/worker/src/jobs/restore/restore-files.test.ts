import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { RestoreOptions } from '@wcr/shared/contracts/restore';
import { expect, it } from 'vitest';
import { encodeFileBase, FILES_BASE } from '../../base/file-base.ts';
import { frame } from '../../drivers/agent/agent.memory.ts';
import { createMemoryBaseStore } from '../../drivers/agent/base-store.memory.ts';
import { type IndexEntry, pathFromWire } from '../../drivers/agent/index-codec.ts';
import type { SourceAgent } from '../../drivers/agent/source-agent.ts';
import type { RestoreSides } from './restore.types.ts';
import { planFiles } from './restore-files.ts';
import { ALL, pairOf } from './testing/site-pair.fixture.ts';

/** What a path holds: text of a file, which has a time of its own unless one is given, or where a link leads. */
type Content = string | { readonly text: string; readonly mtime: number } | { readonly link: string };
type Tree = Readonly<Record<string, Content>>;

const THEN = 1_700_000_000;
const timeOf = (text: string) => THEN + (crc32(text) % 100_000);

function entryOf(path: string, content: Content): IndexEntry {
  if (typeof content === 'object' && 'link' in content)
    return { kind: 'l', mode: 0o777, mtime: THEN, size: 0, path, target: content.link };
  const { text, mtime } = typeof content === 'string' ? { text: content, mtime: timeOf(content) } : content;
  return { kind: 'f', mode: 0o644, mtime, size: Buffer.byteLength(text), path, target: '' };
}

const textOf = (content: Content) => (typeof content === 'string' ? content : 'text' in content ? content.text : '');

function agentOf(tree: Tree): { agent: SourceAgent; hashed: string[] } {
  const hashed: string[] = [];
  const agent = {
    async *index() {
      yield { entries: Object.entries(tree).map(([path, content]) => entryOf(path, content)), skipped: [], next: null };
    },
    async ask(_operation: string, { files }: { files: string[] }) {
      const hashes = files.map((path) => {
        hashed.push(pathFromWire(path));
        const text = textOf(tree[pathFromWire(path)] ?? '');
        return { path, md5: createHash('md5').update(text).digest('hex'), crc32b: crc32(text).toString(16).padStart(8, '0') };
      });
      return { frames: [frame('J', { hashes })], end: {} };
    },
  };
  return { agent: agent as unknown as SourceAgent, hashed };
}

async function plan(states: { base?: Tree; clone: Tree; target: Tree }, options: Partial<RestoreOptions> = {}) {
  const { base, clone, target } = states;
  const sides = { clone: agentOf(clone), target: agentOf(target) };
  const store = createMemoryBaseStore();
  for (const [path, content] of Object.entries(base ?? {})) {
    const sum = { size: Buffer.byteLength(textOf(content)), crc32: crc32(textOf(content)) };
    const before = store.files.get(FILES_BASE) ?? Buffer.alloc(0);
    if (typeof content === 'string' || 'text' in content)
      store.files.set(
        FILES_BASE,
        Buffer.concat([before, encodeFileBase({ path, mtime: timeOf(textOf(content)), source: sum, written: sum })]),
      );
  }
  const planned = await planFiles({
    sides: { clone: sides.clone.agent, target: sides.target.agent, base: store } as unknown as RestoreSides,
    pair: pairOf({ hasBase: base !== undefined }),
    options: { ...ALL, ...options },
  });
  const lost = planned.changes.told.map(({ what, change }) => `${change} ${what}`);
  return { ...planned, send: planned.send.map(({ path }) => path), lost, sides };
}

const F = 'wp-content/a.txt';
const NOTHING = { send: [], remove: [], lost: [] };

it.each<[string, string | undefined, string | undefined, string | undefined, object]>([
  ['nobody touched it', 'a', 'a', 'a', NOTHING],
  ['only the target changed it', 'a', 'a', 'b', NOTHING],
  ['only the target removed it', 'a', 'a', undefined, NOTHING],
  ['only the target has it', undefined, undefined, 'b', NOTHING],
  ['the clone changed it', 'a', 'b', 'a', { send: [F], lost: [] }],
  ['the clone made it', undefined, 'b', undefined, { send: [F], lost: [] }],
  ['the clone removed it', 'a', undefined, 'a', { remove: [F], lost: [] }],
  ['both changed it alike', 'a', 'b', 'b', NOTHING],
  ['both made it alike', undefined, 'b', 'b', NOTHING],
  ['both removed it', 'a', undefined, undefined, NOTHING],
  ['both changed it differently', 'a', 'b', 'c', { send: [F], lost: [`changed ${F}`] }],
  ['both made it differently', undefined, 'b', 'c', { send: [F], lost: [`new ${F}`] }],
  ['the clone removed what the target changed', 'a', undefined, 'c', { remove: [F], lost: [`changed ${F}`] }],
  ['the clone changed what the target removed', 'a', 'b', undefined, { send: [F], lost: [] }],
])('decides about a file: %s', async (_case, base, clone, target, expected) => {
  const tree = (text: string | undefined): Tree => (text === undefined ? {} : { [F]: text });
  expect(await plan({ base: tree(base), clone: tree(clone), target: tree(target) })).toMatchObject(expected);
});

it('does not take a file for changed that was only written again, and reads no file whose size and time are the same', async () => {
  const again = { text: 'a', mtime: THEN + 60 };
  const { sides, ...planned } = await plan({
    base: { [F]: 'a', 'wp-content/b.txt': 'b' },
    clone: { [F]: again, 'wp-content/b.txt': 'b' },
    target: { [F]: 'a', 'wp-content/b.txt': 'b' },
  });
  expect(planned).toMatchObject({ ...NOTHING, unchanged: 2 });
  expect([...sides.clone.hashed, ...sides.target.hashed]).toEqual([F]);
});

it('finds a change that left the size as it was', async () => {
  const clone = { [F]: { text: 'z', mtime: THEN + 60 } };
  expect(await plan({ base: { [F]: 'a' }, clone, target: { [F]: 'a' } })).toMatchObject({ send: [F], lost: [] });
});

const PLUGIN = 'wp-content/plugins/shop/';

it('makes a plugin the clone’s as a whole, and stops when the target changed another file of it', async () => {
  const base = { [`${PLUGIN}shop.php`]: '1.0', [`${PLUGIN}lib.php`]: 'lib 1', 'wp-content/plugins/hello.php': 'hi' };
  const clone = { ...base, [`${PLUGIN}shop.php`]: '1.1' };
  const target = {
    ...base,
    [`${PLUGIN}lib.php`]: 'patched',
    [`${PLUGIN}log.txt`]: 'made here',
    'wp-content/plugins/hello.php': 'hello',
  };
  const planned = await plan({ base, clone, target });
  expect(planned.send).toEqual([`${PLUGIN}shop.php`, `${PLUGIN}lib.php`]);
  expect(planned.remove).toEqual([`${PLUGIN}log.txt`]);
  expect(planned.lost).toEqual([`changed ${PLUGIN}lib.php`, `new ${PLUGIN}log.txt`]);
});

it('lets the target’s update of a plugin stand that the clone left alone', async () => {
  const base = { [`${PLUGIN}shop.php`]: '1.0', [`${PLUGIN}old.php`]: 'x' };
  expect(await plan({ base, clone: base, target: { [`${PLUGIN}shop.php`]: '2.0 with more' } })).toMatchObject(NOTHING);
});

it('takes an update of a plugin over when the target made the same one', async () => {
  const updated = { [`${PLUGIN}shop.php`]: '1.1 new' };
  expect(await plan({ base: { [`${PLUGIN}shop.php`]: '1.0' }, clone: updated, target: updated })).toMatchObject(NOTHING);
});

it('removes no upload, whoever removed it in the clone', async () => {
  const upload = { 'wp-content/uploads/a.jpg': 'jpg' };
  expect(await plan({ base: upload, clone: {}, target: upload })).toMatchObject(NOTHING);
});

it('removes nothing when it is not known what there was', async () => {
  const planned = await plan({ clone: { [F]: 'ours' }, target: { [F]: 'theirs', 'wp-content/b.txt': 'b' } });
  expect(planned).toMatchObject({ send: [F], remove: [], lost: [`new ${F}`] });
});

it('leaves what never travels, and counts it', async () => {
  const clone = { 'wp-config.php': 'clone', 'wp-content/object-cache.php.wcr-parked': 'x', 'wp-admin/index.php': 'x' };
  const base = { 'wp-config.php': 'live', 'wp-content/object-cache.php': 'x', 'wp-admin/index.php': 'y' };
  expect(await plan({ base, clone, target: base })).toMatchObject({ ...NOTHING, kept: 3, unchanged: 0 });
});

it('sends new links and links that took the place of a file, and knows links that are alike', async () => {
  const clone: Tree = {
    'wp-content/new': { link: 'plugins' },
    'wp-content/same': { link: 'a' },
    'wp-content/was': { link: 'b' },
  };
  const target: Tree = { 'wp-content/same': { link: 'a' }, 'wp-content/was': 'a file' };
  const planned = await plan({ base: { 'wp-content/was': 'a file' }, clone, target });
  expect(planned).toMatchObject({ send: ['wp-content/new', 'wp-content/was'], remove: [], lost: [] });
});

it('makes a folder of a file and a file of a folder', async () => {
  const planned = await plan({
    base: { 'wp-content/x': 'file', 'wp-content/y/1': 'one', 'wp-content/y/2': 'two' },
    clone: { 'wp-content/x/1': 'now inside', 'wp-content/y': 'now a file' },
    target: { 'wp-content/x': 'file', 'wp-content/y/1': 'one', 'wp-content/y/2': 'two' },
  });
  expect(planned.send.sort()).toEqual(['wp-content/x/1', 'wp-content/y']);
  expect(planned.remove.sort()).toEqual(['wp-content/x', 'wp-content/y/1', 'wp-content/y/2']);
  expect(planned.lost).toEqual([]);
});

it('keeps names that are no UTF-8 as they are', async () => {
  const name = 'wp-content/caf\xe9.txt';
  expect((await plan({ base: {}, clone: { [name]: 'x' }, target: {} })).send).toEqual([name]);
});
