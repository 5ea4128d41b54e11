import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { isAppError } from '@wcr/shared/errors/app-error';
import { FUZZ } from '@wcr/stack/testing/fuzz';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLocalFileSink } from './local-file-sink.ts';

const never = new AbortController().signal;
const CODES = /^(agent\.(path_refused|invalid_arguments)|target\.not_writable)$/;

/** Every name, kind, time and content below a folder, but for one part of it. */
function snapshot(folder: string, without: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (path === without) return [];
    const { mode, mtimeMs } = lstatSync(path);
    const about = `${path} ${mode}`;
    if (lstatSync(path).isDirectory()) return [about, ...snapshot(path, without)];
    return [`${about} ${mtimeMs} ${lstatSync(path).isSymbolicLink() ? readlinkSync(path) : readFileSync(path, 'latin1')}`];
  });
}

function scene() {
  const dir = temporaryFolder();
  const paths = localClonePaths(dir, 'clone-aaaaaaaaaa');
  for (const folder of [paths.site, paths.agentWork, join(dir, 'outside/folder')]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(dir, 'outside/secret'), 'untouched');
  writeFileSync(join(dir, 'outside/folder/secret'), 'untouched');
  return { dir, paths };
}

it('writes nothing outside of the clone, whatever names and links a source has, in whatever order', async () => {
  const { dir, paths } = scene();
  const names = [
    'a',
    'b',
    'A',
    'l',
    'a',
    'b',
    'l',
    '..',
    '.',
    '',
    '\\',
    '..\\x',
    'x\0y',
    '\xff\xfe',
    'n'.repeat(256),
    ' ',
    '~',
    '%2e%2e',
  ];
  const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const up = [
    '..',
    '../..',
    '../../..',
    '../../../..',
    '../outside',
    '../../outside',
    '../../../outside/folder',
    '/',
    '/tmp',
    '.',
    '',
  ];
  const target = fc.oneof(
    fc.constantFrom(
      ...up,
      join(dir, 'outside'),
      `${paths.site}/../../outside`,
      `${paths.site}/a`,
      `${paths.site}-x`,
      'a/../../..',
    ),
    path,
  );
  const step = fc.oneof(
    fc.record({ kind: fc.constant('l' as const), path, mode: fc.constant(0o777), target }),
    fc.record({ kind: fc.constant('d' as const), path, mode: fc.nat(0o7777) }),
    fc.record({ kind: fc.constant('f' as const), path, mode: fc.nat(0o7777) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      rmSync(paths.site, { recursive: true, force: true });
      mkdirSync(paths.site);
      await using sink = createLocalFileSink(paths, undefined, never);
      const before = snapshot(dir, paths.site);
      for (const entry of steps) {
        try {
          const data = Buffer.from('hostile');
          if (entry.kind !== 'f') await sink.makeEntries([entry]);
          else await sink.writeFiles([{ ...entry, data, offset: 0, eof: true, size: data.length, mtime: 1 }]);
        } catch (error) {
          if (!isAppError(error)) throw error;
          expect(error.code).toMatch(CODES);
        }
      }
      expect(snapshot(dir, paths.site)).toEqual(before);
    }),
    { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 2) },
  );
});

it('keeps names apart that differ in case or normal form only', async () => {
  const { paths } = scene();
  await using sink = createLocalFileSink(paths, undefined, never);
  const names = ['Readme', 'README', 'caf\u00e9', 'cafe\u0301'];
  for (const name of names) {
    const path = Buffer.from(name).toString('latin1');
    const data = Buffer.from(name);
    await sink.writeFiles([{ path, data, offset: 0, eof: true, size: data.length, mtime: 1, mode: 0o644 }]);
  }
  expect(readdirSync(paths.site).sort()).toEqual([...names].sort());
  for (const name of names) expect(readFileSync(join(paths.site, name), 'utf8')).toBe(name);
});
