import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { jsonOf } from '../../../worker/src/drivers/agent/answers.ts';
import { type IndexEntry, pathFromWire, pathToWire, unpackIndex } from '../../../worker/src/drivers/agent/index-codec.ts';
import { startWriteAgent, type WriteAgent } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-read-files-'));
const root = join(dir, 'site');
const big = randomBytes(5_500_000);
let agent: WriteAgent;

/** Depth first, names in byte order: a folder's content comes before `a-b`, although `-` sorts before `/`. */
const EXPECTED = [
  'Z.txt',
  'a',
  'a-b',
  'a-b/1',
  'a/empty',
  'a/x',
  'a/x/deep',
  'a/x/deep/file.txt',
  'a/x.txt',
  'b.bin',
  'link',
  'sp ace',
  'ünïcode',
  'wp-content',
  'wp-content/x',
];

beforeAll(async () => {
  const server = await useMariaDb();
  const outside = join(dir, 'outside');
  for (const folder of ['a/empty', 'a/x/deep', 'a-b', 'wp-content/wcr-work-0123456789abcdef/staging'])
    mkdirSync(join(root, folder), { recursive: true });
  mkdirSync(outside);
  for (const file of ['Z.txt', 'a-b/1', 'a/x/deep/file.txt', 'a/x.txt', 'sp ace', 'ünïcode', 'wp-content/x'])
    writeFileSync(join(root, file), `content of ${file}`);
  writeFileSync(join(root, 'wp-content/wcr-work-0123456789abcdef/secret'), 'x');
  writeFileSync(join(outside, 'secret'), 'x');
  writeFileSync(join(root, 'b.bin'), big);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/raw-`), Buffer.from([0xff, 0xe4])]), 'raw name');
  chmodSync(join(root, 'b.bin'), 0o640);
  utimesSync(join(root, 'b.bin'), 1_700_000_000, 1_700_000_001);
  symlinkSync(join(root, 'a/x.txt'), join(root, 'link'));
  symlinkSync('../outside/secret', join(root, 'escape'));
  symlinkSync(outside, join(root, 'escape-dir'));
  agent = await startWriteAgent({ server, database: await server.createDatabase(), dir });
});

afterAll(async () => {
  await agent?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function indexFrom(cursor: unknown, budgetBytes: number) {
  const frames = await agent.frames('files.index', { cursor, budgetBytes });
  const entries = frames.flatMap((frame) => (frame.kind === 'I' ? [...unpackIndex(frame.data)] : []));
  return { entries, end: frames.at(-1)?.meta ?? {} };
}

const utf8 = (entry: IndexEntry) => Buffer.from(entry.path, 'latin1').toString('utf8');

it('lists everything once in depth-first byte order, and names what it skips', async () => {
  const { entries, end } = await indexFrom(null, 1 << 20);
  const paths = entries.map((entry) => entry.path);
  expect(paths).toContain('raw-\xff\xe4');
  expect(
    entries
      .map(utf8)
      .filter((path) => !path.startsWith('raw-'))
      .sort(),
  ).toEqual([...EXPECTED].sort());
  const bytewise = [...paths].sort((one, two) => compareNames(one.split('/'), two.split('/')));
  expect(paths).toEqual(bytewise);
  const skipped = end['skipped'] as { path: string; reason: string }[];
  expect(skipped.map(({ path, reason }) => [pathFromWire(path), reason])).toEqual([
    ['escape', 'outside'],
    ['escape-dir', 'outside'],
  ]);
  expect(entries.find((entry) => entry.path === 'b.bin')).toMatchObject({
    kind: 'f',
    size: big.length,
    mode: 0o640,
    mtime: 1_700_000_001,
  });
  expect(entries.find((entry) => entry.path === 'link')).toMatchObject({ kind: 'l', target: 'a/x.txt' });
  expect(entries.find((entry) => entry.path === 'a/empty')?.kind).toBe('d');
});

it('goes on correctly after every entry', async () => {
  const { entries: all } = await indexFrom(null, 1 << 20);
  for (const [index, entry] of all.entries()) {
    const { entries } = await indexFrom(pathToWire(entry.path), 1 << 20);
    expect(
      entries.map((rest) => rest.path),
      entry.path,
    ).toEqual(all.slice(index + 1).map((rest) => rest.path));
  }
  const collected: string[] = [];
  let slice = await indexFrom(null, 1);
  collected.push(...slice.entries.map((entry) => entry.path));
  while (slice.end['done'] !== true) {
    slice = await indexFrom(slice.end['cursor'], 1);
    collected.push(...slice.entries.map((entry) => entry.path));
  }
  expect(collected).toEqual(all.map((entry) => entry.path));
});

it('goes on after a file that has gone meanwhile', async () => {
  const { entries } = await indexFrom(pathToWire('a/x/deep/gone-long-ago'), 1 << 20);
  expect(entries[0]?.path).toBe('a/x.txt');
});

it('reads files in the order asked, from any offset, over several slices', async () => {
  const wanted = [
    { path: 'Z.txt', offset: 0 },
    { path: 'b.bin', offset: 1_234_567 },
    { path: 'nope', offset: 0 },
    { path: 'raw-\xff\xe4', offset: 0 },
    { path: 'escape', offset: 0 },
  ];
  let left = wanted.map(({ path, offset }) => ({ path: pathToWire(path), offset }));
  const parts = new Map<string, Buffer>();
  const errors: unknown[] = [];
  let slices = 0;
  for (;;) {
    slices += 1;
    const frames = await agent.frames('files.read', { files: left, budgetBytes: 1_500_000 });
    for (const { kind, meta, data } of frames) {
      if (kind !== 'F') continue;
      const path = pathFromWire(String(meta['path']));
      if (meta['error']) errors.push([path, meta['error']]);
      else parts.set(path, Buffer.concat([parts.get(path) ?? Buffer.alloc(0), data]));
      if (path === 'b.bin') expect(meta).toMatchObject({ size: big.length, mtime: 1_700_000_001, mode: 0o640 });
    }
    const end = frames.at(-1)?.meta ?? {};
    if (end['done'] === true) break;
    const next = end['next'] as { index: number; offset: number };
    left = left.slice(next.index).map((file, index) => (index === 0 ? { ...file, offset: next.offset } : file));
  }
  expect(slices).toBeGreaterThan(2);
  expect(parts.get('Z.txt')?.toString()).toBe('content of Z.txt');
  expect(parts.get('raw-\xff\xe4')?.toString()).toBe('raw name');
  expect(parts.get('b.bin')?.equals(big.subarray(1_234_567))).toBe(true);
  expect(errors).toEqual([
    ['nope', 'missing'],
    ['escape', 'unreadable'],
  ]);
});

it('compresses what gets smaller', async () => {
  writeFileSync(join(root, 'a/x.txt'), 'repeat '.repeat(10_000));
  const [frame] = await agent.frames('files.read', { files: [{ path: pathToWire('a/x.txt'), offset: 0 }], compress: true });
  expect(frame?.meta['rawLength']).toBe(70_000);
  expect(frame?.data.toString()).toBe('repeat '.repeat(10_000));
});

it('ends a file that became shorter, with the size it has now', async () => {
  writeFileSync(join(root, 'shrinks'), 'x'.repeat(5000));
  truncateSync(join(root, 'shrinks'), 1000);
  const [frame] = await agent.frames('files.read', { files: [{ path: pathToWire('shrinks'), offset: 3000 }] });
  expect(frame?.meta).toMatchObject({ offset: 3000, eof: true, size: 1000 });
  expect(frame?.data).toHaveLength(0);
});

it('refuses paths that leave the site or name the agent’s own folder', async () => {
  const refused = [
    '../outside/secret',
    '/etc/passwd',
    'a/../../outside/secret',
    'a//x.txt',
    './Z.txt',
    '',
    'Z.txt\0',
    'escape-dir/secret',
    'wp-content/wcr-work-0123456789abcdef/secret',
  ];
  for (const path of refused) {
    for (const [operation, files] of [
      ['files.read', [{ path: pathToWire(path), offset: 0 }]],
      ['files.hash', [pathToWire(path)]],
    ] as const) {
      await expect(agent.frames(operation, { files }), `${operation} ${path}`).rejects.toMatchObject({
        code: 'agent.path_refused',
      });
    }
  }
});

it('hashes files', async () => {
  const answer = jsonOf(await agent.frames('files.hash', { files: ['b.bin', 'nope', 'Z.txt', 'a'].map(pathToWire) })) as {
    hashes: Record<string, unknown>[];
  };
  const md5 = (data: Buffer) => createHash('md5').update(data).digest('hex');
  expect(answer.hashes).toEqual([
    { path: pathToWire('b.bin'), size: big.length, mtime: 1_700_000_001, md5: md5(big) },
    { path: pathToWire('nope'), error: 'missing' },
    expect.objectContaining({ md5: md5(readFileSync(join(root, 'Z.txt'))) }),
    { path: pathToWire('a'), error: 'unreadable' },
  ]);
  const crc = jsonOf(await agent.frames('files.hash', { files: ['b.bin'].map(pathToWire), algorithm: 'crc32b' }));
  const sum = crc32(big).toString(16).padStart(8, '0');
  expect(crc).toEqual({ hashes: [{ path: pathToWire('b.bin'), size: big.length, mtime: 1_700_000_001, crc32b: sum }] });
  await expect(agent.frames('files.hash', { files: [], algorithm: 'sha256' })).rejects.toMatchObject({
    code: 'agent.invalid_arguments',
  });
});

function compareNames(one: string[], two: string[]): number {
  for (let index = 0; index < Math.min(one.length, two.length); index += 1) {
    const order = Buffer.compare(Buffer.from(one[index] ?? '', 'latin1'), Buffer.from(two[index] ?? '', 'latin1'));
    if (order !== 0) return order;
  }
  return one.length - two.length;
}
