import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
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
import { type LocalClonePaths, localClonePaths } from '@wcr/shared/contracts/local-clone';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FilePiece, FileSink } from '../../file-sink.types.ts';
import { createLocalFileSink } from './local-file-sink.ts';
import { endWriting } from './writing-right.ts';

const isRoot = process.getuid?.() === 0;
const owner = isRoot ? { uid: 720_001, gid: 720_001 } : undefined;
const never = new AbortController().signal;
let dir: string;
let paths: LocalClonePaths;
let sink: FileSink;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wcr-sink-'));
  paths = localClonePaths(dir, 'clone-aaaaaaaaaa');
  for (const folder of [paths.site, paths.agentWork, outside()]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(outside(), 'secret.txt'), 'untouched', { mode: 0o600 });
  sink = open();
});

afterEach(async () => {
  await sink[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const open = () => createLocalFileSink(paths, owner, never);
const outside = () => join(dir, 'outside');
const at = (path: string) => join(paths.site, path);
const piece = (path: string, data: string | Buffer, patch: Partial<FilePiece> = {}): FilePiece => {
  const bytes = Buffer.from(data);
  return { path, data: bytes, offset: 0, eof: true, size: bytes.length, mtime: 1_500_000_000, mode: 0o644, ...patch };
};
const write = (path: string, data: string | Buffer, patch: Partial<FilePiece> = {}) =>
  sink.writeFiles([piece(path, data, patch)]);
const folder = (path: string, mode = 0o755) => sink.makeEntries([{ kind: 'd', path, mode }]);
const link = (path: string, target: string) => sink.makeEntries([{ kind: 'l', path, mode: 0o777, target }]);
const run = (command: string, path: string) => spawnSync('sh', ['-c', `${command} "$0"`, path]).status === 0;
const ownerOf = (path: string) => ({ uid: lstatSync(at(path)).uid, gid: lstatSync(at(path)).gid });
const expectUntouched = () => {
  const secret = join(outside(), 'secret.txt');
  expect(readFileSync(secret, 'utf8')).toBe('untouched');
  expect(statSync(secret)).toMatchObject({ uid: process.getuid?.(), mode: 0o100600 });
  expect(readdirSync(outside())).toEqual(['secret.txt']);
};

describe('what is written', () => {
  it('comes in parts, with its time and mode, and a repeated part changes nothing', async () => {
    const whole = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 256));
    const part = (from: number, to: number) =>
      piece('deep/er/file.bin', whole.subarray(from, to), { offset: from, eof: to === 3000, size: 3000, mode: 0o4755 });
    await sink.writeFiles([part(0, 1000), part(1000, 2000)]);
    await sink.writeFiles([part(0, 1000), part(1000, 2000)]);
    await sink.writeFiles([part(2000, 3000)]);
    await sink.writeFiles([part(1000, 2000), part(2000, 3000)]);
    expect(readFileSync(at('deep/er/file.bin')).equals(whole)).toBe(true);
    expect(statSync(at('deep/er/file.bin'))).toMatchObject({ mode: 0o100755, mtimeMs: 1_500_000_000_000 });
  });

  it('is shorter than what was there, empty, read-only, or of any name', async () => {
    const name = 'weird/ü \'"\\ %2e%2e\n\t.txt';
    for (let round = 0; round < 2; round += 1) {
      await sink.writeFiles([piece('a.txt', 'a long former text'), piece('a.txt', 'short'), piece('empty', '')]);
      await sink.writeFiles([piece(Buffer.from(name).toString('latin1'), 'x'), piece('\xff\xfe.bin', 'y')]);
      await write('fixed', 'z', { mode: 0o444 });
    }
    expect(readFileSync(at('a.txt'), 'utf8')).toBe('short');
    expect(statSync(at('empty')).size).toBe(0);
    expect(readFileSync(at(name), 'utf8')).toBe('x');
    expect(readdirSync(paths.site, 'latin1')).toContain('\xff\xfe.bin');
    expect(statSync(at('fixed')).mode & 0o777).toBe(0o444);
  });

  it('is refused when it leaves a hole or ends before its end', async () => {
    await expect(write('hole', 'x', { offset: 10, size: 11 })).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
    await expect(write('short', 'x', { size: 11 })).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
  });

  it('makes folders and links again and again, whatever was in their place', async () => {
    mkdirSync(at('real'));
    mkdirSync(at('made/link/with/much'), { recursive: true });
    writeFileSync(at('made/link/with/file'), 'x');
    symlinkSync(outside(), at('made/link/with/way-out'));
    writeFileSync(at('made/folder'), 'a file');
    for (let round = 0; round < 2; round += 1) {
      await folder('made/folder', 0o2555);
      await link('made/link', '../real');
      await link('made/absolute', at('real'));
    }
    expect(statSync(at('made/folder')).mode & 0o7777).toBe(0o755);
    expect([readlinkSync(at('made/link')), readlinkSync(at('made/absolute'))]).toEqual(['../real', at('real')]);
    await write('made/link', 'a file instead of the link');
    expect(lstatSync(at('made/link')).isFile()).toBe(true);
    expect(readdirSync(at('real'))).toEqual([]);
    expect(readdirSync(paths.folder).filter((name) => name.startsWith('link.'))).toEqual([]);
    expectUntouched();
  });

  it('goes to the right folder, however many there are', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `many/${index % 150}/deep/${index}`);
    await sink.writeFiles(names.map((name) => piece(name, name)));
    expect(names.filter((name) => readFileSync(at(name), 'utf8') !== name)).toEqual([]);
    const open = readdirSync('/proc/self/fd').length;
    expect(open).toBeLessThan(150);
  });

  it.runIf(isRoot)('belongs to the clone’s user, also what a killed worker had not given away', async () => {
    mkdirSync(at('left'));
    writeFileSync(at('left/half'), 'half');
    await sink.writeFiles([piece('left/half', 'whole'), piece('implied/file', 'x')]);
    await folder('made');
    await link('link', 'made');
    for (const path of ['left', 'left/half', 'implied', 'implied/file', 'made', 'link'])
      expect(ownerOf(path), path).toEqual(owner);
    expect(readFileSync(at('left/half'), 'utf8')).toBe('whole');
  });
});

describe('nothing leads out of the site', () => {
  beforeEach(() => {
    symlinkSync(outside(), at('way-out'));
    symlinkSync('nowhere', at('dangling'));
    mkdirSync(at('real'));
    symlinkSync('real', at('way-in'));
    symlinkSync('.', at('to-root'));
  });

  const ESCAPES = [
    ...[
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
    ],
    ...['a\0b', 'way-out/evil', 'way-out/deeper/evil', 'way-in/../../outside/evil', 'dangling/evil', '../agent-work/evil'],
    ...['x'.repeat(256), `${'a/'.repeat(2100)}b`],
  ];
  it.each(ESCAPES.map((path) => [path.slice(0, 40), path]))('refuses to write to %j', async (_, path) => {
    await expect(write(path, 'evil')).rejects.toMatchObject({ code: 'agent.path_refused' });
    await expect(folder(path)).rejects.toMatchObject({ code: 'agent.path_refused' });
    expectUntouched();
    expect(readdirSync(paths.agentWork)).toEqual([]);
    expect(readdirSync(dir)).toEqual(['clone-aaaaaaaaaa', 'outside']);
  });

  it.each([
    ['l1', '../outside'],
    ['l2', '/etc/passwd'],
    ['a/l3', '../../outside'],
    ['l4', 'real/../../outside'],
    ['l5', ''],
    ['l6', '..'],
    ['l7', '../agent-work'],
    ['way-in/l8', '../real'],
    ['way-out/l9', 'x'],
    ['l10', 'x\0y'],
  ])('refuses the link %s to %j', async (path, target) => {
    await expect(link(path, target)).rejects.toMatchObject({ code: 'agent.path_refused' });
    expect(existsSync(at(path))).toBe(false);
    expectUntouched();
  });

  it('refuses a link below a link that files have been written through', async () => {
    await sink.writeFiles([piece('way-in/ok.txt', 'ok'), piece('way-in/deeper/ok.txt', 'ok'), piece('to-root/top.txt', 'ok')]);
    expect(readFileSync(at('real/deeper/ok.txt'), 'utf8')).toBe('ok');
    expect(readFileSync(at('top.txt'), 'utf8')).toBe('ok');
    await expect(link('way-in/deeper/l', '../../..')).rejects.toMatchObject({ code: 'agent.path_refused' });
    await folder('way-in');
    expect(readlinkSync(at('way-in'))).toBe('real');
    await expect(folder('way-out')).rejects.toMatchObject({ code: 'agent.path_refused' });
  });

  it('writes through no link, no second name, no pipe and no stranger’s file', async () => {
    const secret = join(outside(), 'secret.txt');
    symlinkSync(secret, at('trap'));
    linkSync(secret, at('twin'));
    run('mkfifo', at('pipe'));
    writeFileSync(at('strange'), 'strange');
    if (isRoot) chownSync(at('strange'), 720_002, 720_002);
    for (const path of ['trap', 'twin', 'pipe', 'strange']) {
      await write(path, 'mine');
      expect(readFileSync(at(path), 'utf8'), path).toBe('mine');
      expect(lstatSync(at(path)).nlink).toBe(1);
      if (owner) expect(ownerOf(path)).toEqual(owner);
    }
    expectUntouched();
  });

  it('stays in the folder it has entered when a link takes its place', async () => {
    await write('plugin/one.txt', '1');
    rmSync(at('plugin'), { recursive: true });
    symlinkSync(outside(), at('plugin'));
    await expect(write('plugin/secret.txt', 'evil')).rejects.toMatchObject({ code: expect.stringMatching(/^target\.|^agent\./) });
    expectUntouched();
  });
});

describe('what goes wrong', () => {
  it('has a name when a folder or a file is in the way', async () => {
    mkdirSync(at('folder'));
    writeFileSync(at('file'), '');
    await expect(write('folder', 'x')).rejects.toMatchObject({ code: 'target.not_writable' });
    await expect(write('file/below', 'x')).rejects.toMatchObject({ code: 'target.not_writable' });
  });

  it.runIf(isRoot)('has a name when the disk is full', async ({ skip }) => {
    if (!run('mount -t tmpfs -o size=1m tmpfs', paths.site)) skip('nothing can be mounted here');
    const small = open();
    try {
      const large = piece('large', Buffer.alloc(2 << 20));
      await expect(small.writeFiles([large])).rejects.toMatchObject({ code: 'target.disk_full', retryable: false });
    } finally {
      await small[Symbol.asyncDispose]();
      run('umount', paths.site);
    }
  });
});

describe('the right to write', () => {
  const lost = { code: 'runtime.failed', retryable: true };

  it('goes to whoever opens the files last', async () => {
    await using next = open();
    await expect(write('a', 'late')).rejects.toMatchObject(lost);
    await expect(link('b', 'a')).rejects.toMatchObject(lost);
    await next.writeFiles([piece('a', 'x')]);
    expect(readdirSync(paths.site)).toEqual(['a']);
  });

  it('ends when nobody may write any more', async () => {
    await write('a', 'x');
    await endWriting(paths);
    await endWriting(paths);
    await expect(write('a', 'late')).rejects.toMatchObject(lost);
    expect(readFileSync(at('a'), 'utf8')).toBe('x');
  });

  it('ends with the clone, of which nothing comes back', async () => {
    await write('folder/a', 'x');
    rmSync(paths.folder, { recursive: true });
    await expect(write('folder/b', 'late')).rejects.toMatchObject(lost);
    await expect(folder('late')).rejects.toMatchObject(lost);
    expect(existsSync(paths.folder)).toBe(false);
  });

  it('ends with the step', async () => {
    const step = new AbortController();
    await using own = createLocalFileSink(paths, owner, step.signal);
    step.abort(new Error('the lock is lost'));
    await expect(own.writeFiles([piece('a', 'x')])).rejects.toThrow('the lock is lost');
    expect(readdirSync(paths.site)).toEqual([]);
  });

  it('lets other things happen while much is written', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await sink.writeFiles(Array.from({ length: 2_000 }, (_, index) => piece(`many/${index}`, 'x'.repeat(4_000))));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});
