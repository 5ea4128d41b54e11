import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError } from '@wcr/shared/errors/app-error';
import { FUZZ } from '@wcr/stack/testing/fuzz';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPluginZip } from './plugin-zip.ts';
import { buildFakePlugin } from './testing/fake-plugin.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wcr-plugin-zip-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('the version stands in the header of the plugin inside the zip', async () => {
  const zip = await buildFakePlugin(dir, '3.1.4-beta2');
  await expect(readPluginZip(zip)).resolves.toMatchObject({ name: 'wp-clone-restore.zip', version: '3.1.4-beta2' });
});

test('no zip, a missing one and a foreign one are named', async () => {
  const foreign = join(dir, 'foreign.zip');
  await writeFile(foreign, 'PK not at all');
  for (const path of [undefined, join(dir, 'missing.zip'), foreign]) {
    await expect(readPluginZip(path)).rejects.toMatchObject({ code: 'source.plugin_install_failed' });
  }
});

test('a bomb is no plugin of ours', async () => {
  const zip = await buildFakePlugin(dir, '9.9.9', `/*${' '.repeat(4 << 20)}*/`);
  expect((await readFile(zip)).length).toBeLessThan(100_000);
  await expect(readPluginZip(zip)).rejects.toMatchObject({ code: 'source.plugin_install_failed' });
});

test('a crafted zip is read or refused by name', async () => {
  const whole = await readFile(await buildFakePlugin(dir, '4.5.6'));
  const crafted = join(dir, 'crafted.zip');
  const edit = fc.record({ at: fc.nat(whole.length - 1), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 8 }), fc.nat(whole.length), async (edits, length) => {
      const bytes = Buffer.from(whole);
      for (const { at, byte } of edits) bytes[at] = byte;
      await writeFile(crafted, edits.length % 2 ? bytes : bytes.subarray(0, length));
      const error: unknown = await readPluginZip(crafted).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(isAppError(error) && error.code).toBe('source.plugin_install_failed');
    }),
    FUZZ,
  );
});
