import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { fileFrame, newSession, startWriteAgent, type WriteAgent, wirePath } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-write-files-'));
const outside = join(dir, 'outside');
let agent: WriteAgent;
let session: string;

beforeAll(async () => {
  const server = await useMariaDb();
  agent = await startWriteAgent({ server, database: await server.createDatabase(), dir });
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret.txt'), 'untouched');
  symlinkSync(outside, join(agent.root, 'way-out'));
  symlinkSync('nowhere', join(agent.root, 'dangling'));
  mkdirSync(join(agent.root, 'real'));
  symlinkSync('real', join(agent.root, 'way-in'));
});

afterAll(async () => {
  await agent?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function begin(mode: 'replace' | 'merge'): Promise<void> {
  session = newSession();
  await agent.call('session.begin', { session, mode, prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
}

const write = (...frames: Buffer[][]) => agent.call('files.write', { session }, frames);
const make = (entry: { kind: string; path: string; target?: string }) =>
  agent.call('files.make', {
    session,
    entries: [
      {
        mode: 0o755,
        ...entry,
        path: wirePath(entry.path),
        ...(entry.target !== undefined && { target: wirePath(entry.target) }),
      },
    ],
  });
const at = (path: string) => join(agent.root, path);

describe('a replacement', () => {
  beforeEach(() => begin('replace'));

  it('writes a file in parts, with its time and mode, and a repeated part changes nothing', async () => {
    const whole = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 256));
    const part = (from: number, to: number) =>
      fileFrame('deep/er/file.bin', whole.subarray(from, to), {
        offset: from,
        eof: to === 3000,
        size: 3000,
        mtime: 1_500_000_001,
        mode: 0o4755,
      });
    await write(part(0, 1000), part(1000, 2000));
    await write(part(0, 1000), part(1000, 2000));
    await write(part(2000, 3000));
    await write(part(1000, 2000), part(2000, 3000));
    expect(readFileSync(at('deep/er/file.bin')).equals(whole)).toBe(true);
    expect(statSync(at('deep/er/file.bin'))).toMatchObject({ mode: 0o100755, mtimeMs: 1_500_000_001_000 });
  });

  it('shortens what was longer before, makes empty files and takes any name', async () => {
    const name = 'weird/ü \'"\\ %2e%2e\n\t.txt';
    await write(
      fileFrame('a.txt', 'a long former text'),
      fileFrame('a.txt', 'short'),
      fileFrame('empty', ''),
      fileFrame(Buffer.from(name).toString('latin1'), 'x'),
    );
    await write(fileFrame('\xff\xfe.bin', 'not UTF-8'));
    expect(readFileSync(at('a.txt'), 'utf8')).toBe('short');
    expect(statSync(at('empty')).size).toBe(0);
    expect(readFileSync(at(name), 'utf8')).toBe('x');
    expect(
      readdirSync(Buffer.from(agent.root), { encoding: 'buffer' }).some((entry) =>
        entry.equals(Buffer.from('fffe2e62696e', 'hex')),
      ),
    ).toBe(true);
  });

  it('refuses a part that leaves a hole and an end before the end', async () => {
    await expect(write(fileFrame('hole', 'x', { offset: 10, size: 11 }))).rejects.toMatchObject({
      code: 'agent.invalid_arguments',
    });
    await expect(write(fileFrame('short', 'x', { size: 11 }))).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
  });

  it('makes folders and links again and again', async () => {
    for (let round = 0; round < 2; round += 1) {
      await make({ kind: 'd', path: 'made/folder' });
      await make({ kind: 'l', path: 'made/link', target: '../real' });
      await make({ kind: 'l', path: 'made/absolute', target: at('real') });
    }
    expect(readlinkSync(at('made/link'))).toBe('../real');
    await write(fileFrame('made/link', 'a file instead of the link'));
    expect(lstatSync(at('made/link')).isFile()).toBe(true);
    expect(readdirSync(at('real'))).toEqual([]);
  });

  it('removes paths at once', async () => {
    await write(fileFrame('remove/me/now.txt', 'x'));
    await agent.call('files.remove', { session, paths: [wirePath('remove/me'), wirePath('remove/not-there')] });
    expect(readdirSync(at('remove'))).toEqual([]);
  });

  const ESCAPES = [
    '../outside/evil',
    'a/../../outside/evil',
    'a/..',
    '..',
    '.',
    '',
    '/etc/evil',
    '//etc/evil',
    'a//b',
    'a/./b',
    './a',
    'a/',
    'a\0b',
    'way-out/evil',
    'way-out/deeper/evil',
    'dangling/evil',
    'x'.repeat(256),
    `${'a/'.repeat(2100)}b`,
  ];

  it.each(ESCAPES.map((path) => [path.slice(0, 40), path]))('refuses to write to %j', async (_, path) => {
    await expect(write(fileFrame(path, 'evil'))).rejects.toMatchObject({ code: 'agent.path_refused' });
    await expect(make({ kind: 'd', path })).rejects.toMatchObject({ code: 'agent.path_refused' });
    await expect(agent.call('files.remove', { session, paths: [wirePath(path)] })).rejects.toMatchObject({
      code: 'agent.path_refused',
    });
    expect(readdirSync(outside)).toEqual(['secret.txt']);
    expect(existsSync(join(dir, 'evil'))).toBe(false);
  });

  it.each([
    ['l1', '../outside'],
    ['l2', '/etc/passwd'],
    ['a/l3', '../../outside'],
    ['l4', 'real/../../outside'],
    ['l5', ''],
    ['l6', '..'],
    ['way-in/l7', '../real'],
    ['way-out/l8', 'x'],
    ['l9', 'x\0y'],
  ])('refuses the link %s to %j', async (path, target) => {
    await expect(make({ kind: 'l', path, target })).rejects.toMatchObject({ code: 'agent.path_refused' });
    expect(existsSync(at(path))).toBe(false);
  });

  it('replaces a link in the way of a file instead of writing through it', async () => {
    rmSync(at('trap'), { force: true });
    symlinkSync(join(outside, 'secret.txt'), at('trap'));
    await write(fileFrame('trap', 'mine'));
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('untouched');
    expect(readFileSync(at('trap'), 'utf8')).toBe('mine');
  });

  it('writes through a link that stays inside', async () => {
    await write(fileFrame('way-in/ok.txt', 'ok'));
    expect(readFileSync(at('real/ok.txt'), 'utf8')).toBe('ok');
    rmSync(at('real/ok.txt'));
  });
});

describe('a merge', () => {
  beforeEach(() => begin('merge'));

  it('refuses what could not go to its place later', async () => {
    await expect(write(fileFrame('way-out/evil', 'x'))).rejects.toMatchObject({ code: 'agent.path_refused' });
    await expect(agent.call('files.remove', { session, paths: [wirePath('way-out/secret.txt')] })).rejects.toMatchObject({
      code: 'agent.path_refused',
    });
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('untouched');
  });
});

describe('a host that cannot take it', () => {
  it('names a disk without room, before and while it fills up', async () => {
    const server = await useMariaDb();
    const full = await startWriteAgent({
      server,
      database: await server.createDatabase(),
      dir: mkdtempSync(join(dir, 'full-')),
      maxFileBytes: 4 << 20,
    });
    const id = newSession();
    try {
      const begin_ = (fileBytes: number) =>
        full.call('session.begin', { session: id, mode: 'replace', prefix: 'wp_', expect: { dbBytes: 0, fileBytes } });
      await expect(begin_(2 ** 53 - 1)).rejects.toMatchObject({ code: 'target.disk_full' });
      await begin_(0);
      const size = 8 << 20;
      const send = (part: number) =>
        full.call('files.write', { session: id }, [
          fileFrame('f', Buffer.alloc(1 << 20, 'x'), { offset: part << 20, eof: part === 7, size }),
        ]);
      for (let part = 0; part < 4; part += 1) await send(part);
      await expect(send(4)).rejects.toMatchObject({ code: 'target.disk_full' });
      expect(statSync(join(full.root, 'f')).size).toBe(4 << 20);
    } finally {
      await full.stop();
    }
  });

  it('names missing rights and leaves nothing behind', async () => {
    const server = await useMariaDb();
    const database = await server.createDatabase({ grants: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] });
    const poor = await startWriteAgent({ server, database, dir: mkdtempSync(join(dir, 'poor-')) });
    const id = newSession();
    try {
      await expect(
        poor.call('session.begin', { session: id, mode: 'replace', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } }),
      ).rejects.toMatchObject({ code: 'target.rights_missing' });
      await expect(poor.call('session.state', { session: id })).rejects.toMatchObject({ code: 'agent.session_unknown' });
    } finally {
      await poor.stop();
    }
  });

  it('tells that views and triggers cannot be made, and goes on without them', async () => {
    const server = await useMariaDb();
    const grants = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES'];
    const database = await server.createDatabase({ grants });
    const poor = await startWriteAgent({ server, database, dir: mkdtempSync(join(dir, 'plain-')) });
    const id = newSession();
    try {
      const answer = await poor.call('session.begin', {
        session: id,
        mode: 'replace',
        prefix: 'wp_',
        expect: { dbBytes: 0, fileBytes: 0 },
      });
      expect(answer['rights']).toEqual({ view: false, trigger: false });
      const statements = [{ kind: 'view', name: 'wp_v', sql: 'CREATE VIEW wp_v AS SELECT 1 AS a' }];
      const { warnings } = await poor.call('session.execute', { session: id, phase: 'after-rows', statements });
      expect(warnings).toEqual([expect.stringContaining('view wp_v')]);
    } finally {
      await poor.stop();
    }
  });

  it('tells how much it takes at once and which charsets it knows', async () => {
    const server = await useMariaDb();
    const limits = { memory_limit: '24M', post_max_size: '3M' };
    const tight = await startWriteAgent({
      server,
      database: await server.createDatabase(),
      dir: mkdtempSync(join(dir, 'tight-')),
      ini: limits,
    });
    try {
      const answer = await tight.call('session.begin', {
        session: newSession(),
        mode: 'replace',
        prefix: 'wp_',
        expect: { dbBytes: 0, fileBytes: 0 },
      });
      expect(answer).toMatchObject({ maxRequestBytes: Math.floor(0.9 * 3 * 1024 * 1024), maxPacketBytes: expect.any(Number) });
      expect(answer['charsets']).toContain('utf8mb4');
      expect(answer['collations']).toEqual(expect.arrayContaining(['utf8mb4_unicode_520_ci', 'utf8mb4_uca1400_ai_ci']));
    } finally {
      await tight.stop();
    }
  });
});
